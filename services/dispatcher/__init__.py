"""Jobs and robots: matching, leases, retries, dead letters, the fleet.

Owns: `jobs` (every transition after submission), `robots`, `job_logs`.
Publishes: `job.*` (`job.submitted` for retries only: it comes from whoever submits), `robot.*`.
Consumes: `job.submitted`, `job.due`, `job.released`, `job.lease_expired` (candidates for matching), `robot.deleted`
(its jobs go back to the queue), `workflow.deleted` (its pending jobs are cancelled); its own events about robots and
ended jobs, in every replica (what robots on sockets must be told).
"""
