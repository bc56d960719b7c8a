"""Workflow definitions and versions, their submission, their webhooks, and jobs of stored workflows.

Owns: `workflows`, `webhooks`, `workflow_definitions` (through `shared.jobs`).
Publishes: `workflow.created`, `workflow.updated`, `workflow.deleted`, `webhook.created`, `webhook.deleted`;
`job.submitted` for the jobs it submits.
Consumes: nothing.
"""
