"""The `jobs` collection: its name and the indexes its queries need, beside what they serve."""

from typing import Final

from shared.messaging.outbox import OUTBOX_INDEX
from shared.storage import Index

JOBS: Final = "jobs"

JOB_INDEXES: Final = (
    Index("queue_position", (("queue_position", 1),)),  # refill: range scan of the queue's head
    Index("lease_expires_ms", (("lease_expires_ms", 1),)),  # lease reaper
    Index("deadline_ms", (("deadline_ms", 1),)),  # job timeout and deadline
    Index("waiting_until_ms", (("waiting_until_ms", 1),)),  # promotion of delayed jobs
    Index("robot_id", (("robot_id", 1),)),  # a robot's jobs
    Index("workflow_id", (("workflow_id", 1),)),  # history by workflow
    Index("place", (("place", 1),)),  # a tenant's history, newest first
    Index("dead_place", (("dead_place", 1),)),  # a tenant's dead letters
    Index("status", (("status", 1),)),  # lists and counts by state
    Index("finished_ms", (("finished_ms", 1),)),  # ended jobs in that order: retention, the figures' rebuild
    OUTBOX_INDEX,
)
