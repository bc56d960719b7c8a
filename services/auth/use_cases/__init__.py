"""What the auth service does, one verb per file."""
