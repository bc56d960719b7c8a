"""What the workflows service does, one verb per file."""
