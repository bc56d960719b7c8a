"""The metrics service: what the fleet does and did, for people, dashboards and Prometheus.

Owns: `activity` (the event trail), `job_facts` (one per finished job), `rollups` (figures per
tenant and day, per robot and day, and in total), `rollup_rebuilds` (the latest rebuild of them). Reads `jobs` and
`robots`, which the dispatcher writes.
Publishes: metrics.rebuild_requested, metrics.rebuilt.
Consumes: every event into the activity; the jobs' terminal events into facts, from which a timed duty keeps rollups.
"""
