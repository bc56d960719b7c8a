"""The HTTP face of the scheduler."""
