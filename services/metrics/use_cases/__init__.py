"""What the metrics service does, one verb per file."""
