"""The dispatcher's stores on MongoDB."""
