"""The reference robot: takes jobs from an orchestrator, executes their workflows and reports.

Owns: the HTTP protocol of a robot (`client`), the life of a robot (`agent`) and of one job (`job_run`), the workflow
executor (`executor`) with its table of node types (`nodes`). Imports nothing of the orchestrator: a robot is installed
on machines of its own.
"""
