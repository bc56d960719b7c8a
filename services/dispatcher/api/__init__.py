"""The dispatcher's HTTP routes and their schemas."""
