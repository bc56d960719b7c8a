"""The metrics service's stores on MongoDB."""
