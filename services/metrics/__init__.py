"""The metrics service: what the fleet does and did, for people, dashboards and Prometheus.

Owns: `activity` (the event trail), `job_facts` (one per finished job), `rollups` (figures per
tenant and day, per robot and day, and in total). Reads `jobs` and `robots`, which the dispatcher writes.
Publishes: nothing.
Consumes: every event into the activity; the jobs' terminal events into facts, from which a timed duty keeps rollups.
"""
