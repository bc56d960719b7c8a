"""The HTTP face of the workflows service."""
