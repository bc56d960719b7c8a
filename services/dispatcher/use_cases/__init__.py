"""What the dispatcher does, one verb per file."""
