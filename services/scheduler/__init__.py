"""Cron schedules: exactly one job for each due time, whatever restarts and however many replicas run.

Owns: the `schedules` collection.
Publishes: `schedule.created`, `schedule.enabled`, `schedule.disabled`, `schedule.fired`; `job.submitted` for its jobs.
Consumes: nothing; the stored next due time is what makes it act.
"""
