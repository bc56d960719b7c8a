"""Jobs whose submission was cut short, and the repeat that finishes it (clarifications 15)."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest

from services.workflows.adapters.workflow_store import MongoWorkflows
from services.workflows.api.job_routes import build_job_router
from services.workflows.use_cases.run_batch import RunBatch
from services.workflows.use_cases.run_workflow import RunWorkflow
from shared.jobs import JOBS, Job, JobSubmitter, NewJob
from shared.kernel.errors import Unavailable
from shared.storage import Collection
from shared.web import create_service_app
from shared.web.idempotency import IdempotentResponses
from tests.component.workflows.service import Workflows
from tests.support.service import assert_problem

KEY: Final = {"Idempotency-Key": "run-4711"}
N_TAKEN: Final = 200


class FailingJobs:
    """Submits for real, until `fail` is asked after how many jobs it fails; `recover` ends that."""

    def __init__(self, submit: Callable[[NewJob], Awaitable[Job]]) -> None:
        self._submit = submit
        self._n_left: int | None = None
        self._stores_the_last = False

    def fail(self, *, after: int, stores_the_last: bool = False) -> None:
        """Be out of reach after so many jobs; the one that fails first may be stored all the same."""
        self._n_left, self._stores_the_last = after, stores_the_last

    def recover(self) -> None:
        """From now on every job is taken."""
        self._n_left = None

    async def submit(self, new_job: NewJob) -> Job:
        if self._n_left == 0:
            if self._stores_the_last:
                await self._submit(new_job)
            raise Unavailable("The document store is not reachable.")
        if self._n_left is not None:
            self._n_left -= 1
        return await self._submit(new_job)


@pytest.fixture
def jobs(workflows: Workflows) -> FailingJobs:
    """What the routes of `workflows` submit through."""
    runtime = workflows.runtime.with_own_registry()
    submitter = JobSubmitter(Collection(runtime.store, JOBS), runtime.relay, runtime.clock, runtime.new_id)
    failing = FailingJobs(submitter.submit)
    stored = MongoWorkflows(runtime.store, runtime.relay, runtime.new_id)
    router = build_job_router(
        RunWorkflow(stored, failing, runtime.clock),
        RunBatch(stored, failing, runtime.clock),
        IdempotentResponses(runtime.store, runtime.clock, runtime.new_id),
    )
    app = create_service_app(name="runs", title="Runs", registry=runtime.registry, tokens=runtime.tokens, checks={})
    app.include_router(router)
    workflows.app.router.routes[:0] = app.router.routes
    return failing


async def post(workflows: Workflows, path: str, body: Any) -> httpx.Response:
    """The answer to a developer, who names a key."""
    async with workflows.client() as client:
        return await client.post(f"/api/v1{path}", json=body, headers=KEY)


async def job_ids(workflows: Workflows) -> set[str]:
    """The ids of all jobs."""
    return {job["_id"] for job in await workflows.documents("jobs")}


async def test_a_repeated_batch_adds_what_is_missing_and_nothing_twice(workflows: Workflows, jobs: FailingJobs) -> None:
    workflow_id = (await workflows.submit(trigger_type="webhook"))["workflow_id"]
    batch = {"jobs": [{"workflow_id": workflow_id, "variables": {"n": n}} for n in range(N_TAKEN + 100)]}
    jobs.fail(after=N_TAKEN)
    assert_problem(await post(workflows, "/jobs/batch", batch), 503, "UNAVAILABLE")
    cut_short = await job_ids(workflows)
    assert len(cut_short) == N_TAKEN
    jobs.recover()
    answer = await post(workflows, "/jobs/batch", batch)
    assert answer.status_code == 200, answer.text
    made = [job["job_id"] for job in answer.json()["jobs"]]
    assert len(set(made)) == N_TAKEN + 100
    assert cut_short < set(made) == await job_ids(workflows)


async def test_a_job_that_was_stored_without_an_answer_is_found_by_the_repeat(
    workflows: Workflows, jobs: FailingJobs
) -> None:
    run = {"workflow_id": (await workflows.submit(trigger_type="webhook"))["workflow_id"]}
    jobs.fail(after=0, stores_the_last=True)
    assert_problem(await post(workflows, "/jobs", run), 503, "UNAVAILABLE")
    jobs.recover()
    answer = await post(workflows, "/jobs", run)
    assert {answer.json()["job_id"]} == await job_ids(workflows)
