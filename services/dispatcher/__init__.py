"""Jobs and robots: matching, leases, retries, the fleet.

Owns: `jobs` (every transition after submission), `robots`.
Publishes: `job.*` (but `job.submitted`, which comes from whoever submits), `robot.*`.
Consumes: `job.submitted`, `job.due`, `job.released`, `job.lease_expired` (candidates for matching),
`workflow.deleted` (cancels its pending jobs).
"""
