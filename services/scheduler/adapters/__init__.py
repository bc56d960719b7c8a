"""Schedules on MongoDB, the wake-up on APScheduler, and read-only views of workflows and jobs."""
