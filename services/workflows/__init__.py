"""Workflow definitions and versions, and their submission.

Owns: `workflows`, `workflow_definitions` (through `shared.jobs`).
Publishes: `workflow.created`, `workflow.updated`, `workflow.deleted`; `job.submitted` for the jobs it submits.
Consumes: nothing.
"""
