"""The metrics service: what the fleet does and did, for people, dashboards and Prometheus.

Owns: `activity` (the event trail), `activity_sequences` (each tenant's last event number), `job_facts` (one per
finished job), `rollups` (figures per tenant and day, per robot and day, and in total), `rollup_rebuilds` (the latest
rebuild of them). Reads `jobs` and `robots`, which the dispatcher writes.
Publishes: metrics.rebuild_requested, metrics.rebuilt.
Announces: what was stored in the activity, to the replicas whose clients follow it live.
Consumes: every event into the activity; the jobs' terminal events into facts, from which a timed duty keeps rollups.
"""
