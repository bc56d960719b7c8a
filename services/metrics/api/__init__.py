"""The metrics service's HTTP routes and their schemas."""
