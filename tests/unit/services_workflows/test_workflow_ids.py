"""The ids that follow from a workflow's id."""

from services.workflows.domain.workflow import first_job_id, first_schedule_id
from shared.kernel.ids import is_uuid

WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"
OTHER_ID = "550e8400-e29b-41d4-a716-446655440001"


def test_the_same_workflow_always_gets_the_same_ids() -> None:
    assert first_job_id(WORKFLOW_ID) == first_job_id(WORKFLOW_ID)
    assert first_schedule_id(WORKFLOW_ID) == first_schedule_id(WORKFLOW_ID)


def test_ids_are_uuids_that_differ_from_each_other() -> None:
    ids = {WORKFLOW_ID, first_job_id(WORKFLOW_ID), first_schedule_id(WORKFLOW_ID), first_job_id(OTHER_ID)}
    assert len(ids) == 4
    assert all(map(is_uuid, ids))
