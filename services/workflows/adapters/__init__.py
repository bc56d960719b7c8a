"""Workflows on MongoDB, and the scheduler over HTTP."""
