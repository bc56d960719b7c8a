"""Cron schedules: exactly one job for each due time, whatever restarts and however many replicas run.

Owns: the `schedules` collection.
Publishes: `schedule.created`, `schedule.enabled`, `schedule.disabled`, `schedule.deleted`, `schedule.fired`,
`schedule.triggered`; `job.submitted` for its jobs.
Consumes: `workflow.deleted`, which deletes the workflow's schedules. What makes it fire is the stored next due time.
"""
