"""The dispatcher's use cases on a real store, one call at a time, with time and chance in the test's hands."""

import asyncio
import random
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from services.dispatcher.adapters.job_store import MongoJobs
from services.dispatcher.adapters.robot_store import MongoRobots
from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.domain.reports import Reporter
from services.dispatcher.domain.retry import RetryPolicy
from services.dispatcher.domain.robot import Robot
from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.use_cases.cancel_job import CancelJob, Cancellation
from services.dispatcher.use_cases.claim_job import ClaimJob, ClaimRequest
from services.dispatcher.use_cases.complete_job import CompleteJob
from services.dispatcher.use_cases.delete_dead_letter import DeleteDeadLetter
from services.dispatcher.use_cases.expire_leases import ExpireLeases
from services.dispatcher.use_cases.extend_lease import ExtendLease
from services.dispatcher.use_cases.fail_job import FailJob, Failure
from services.dispatcher.use_cases.promote_due_jobs import PromoteDueJobs
from services.dispatcher.use_cases.refill_candidates import RefillCandidates
from services.dispatcher.use_cases.register_robot import RegisterRobot, Registration
from services.dispatcher.use_cases.release_job import ReleaseJob
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from services.dispatcher.use_cases.report_progress import ReportProgress
from services.dispatcher.use_cases.retire_robot import RetireRobot
from services.dispatcher.use_cases.retry_dead_letter import RetryDeadLetter
from services.dispatcher.use_cases.retry_job import RetryJob
from services.dispatcher.use_cases.take_jobs import TakeJobs
from shared.config import load
from shared.jobs import JOB_INDEXES, JOBS, DefinitionStore, Job, JobStatus, JobSubmitter, NewJob
from shared.jobs.definitions import definition_of
from shared.jobs.fleet import ROBOTS
from shared.jobs.job import from_document
from shared.kernel.identity import Identity
from shared.kernel.ids import new_token
from shared.kernel.permissions import Role
from shared.storage import Collection
from shared.web.runtime import Runtime, open_runtime
from tests.support.clock import ManualClock

TENANT: Final = "default"
LEASE_SECONDS: Final = 30
BACKOFF: Final = RetryPolicy(base_ms=20_000, cap_ms=60_000)
JITTER: Final = 0.5
USER: Final = Identity(kind="user", subject="u1", tenant_id=TENANT, roles=(Role.ADMIN,))

ResultT = TypeVar("ResultT")


class FixedJitter(random.Random):
    """Chance that is always the same."""

    def random(self) -> float:
        return JITTER


def _identity(robot_id: str) -> Identity:
    return Identity(kind="robot", subject=f"key-{robot_id}", tenant_id=TENANT, robot_id=robot_id)


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything as it is stored at one moment."""

    jobs: dict[str, Job]
    robots: dict[str, Robot]


class JobLife:
    """Synchronous calls of the use cases; nothing happens between them."""

    def __init__(self, store_url: str, database: str) -> None:
        self.clock = ManualClock()
        self._n_begun = 0
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        settings = load(DispatcherSettings, mongodb_url=store_url, mongodb_database=database)
        self._runtime = self._run(self._stack.enter_async_context(open_runtime(settings, (), clock=self.clock)))
        self._definition = definition_of(TENANT, {"nodes": {}})
        self._run(self._prepare())

    def close(self) -> None:
        """Let go of the store."""
        self._run(self._stack.aclose())
        self._runner.close()

    def begin(self, slots: dict[str, int]) -> int:
        """Forget all jobs; these robots are registered anew. Returns how often that was done."""
        self._run(self._begin(slots))
        self._n_begun += 1
        return self._n_begun

    def submit(self, **fields: Any) -> str:
        """A new job's id."""
        new_job = NewJob(
            tenant_id=TENANT,
            workflow_id="w",
            workflow_name="n",
            workflow_version=1,
            definition_id=self._definition.definition_id,
            **fields,
        )
        return self._run(self._submitter.submit(new_job)).job_id

    def claim(self, robot_id: str, limit: int) -> list[str]:
        """The jobs a robot is given, in order; it asks when everything claimable is at hand."""
        for _ in range(2):  # a job taken since the round before last began comes with the second
            self._run(self._refill())
        request = ClaimRequest(robot_id, None, limit, LEASE_SECONDS, 0)
        given = self._run(self._claim(caller=_identity(robot_id), request=request, abandoned=asyncio.Event()))
        return [claimed.job.job_id for claimed in given]

    def progress(self, robot_id: str, job_id: str) -> None:
        """The robot reports progress."""
        call = ReportProgress(self._report)
        self._run(call(**_report(robot_id, job_id), percent=50, current_node=None, message=None))

    def complete(self, robot_id: str, job_id: str) -> None:
        """The robot reports success."""
        self._run(CompleteJob(self._report)(**_report(robot_id, job_id), result_json="{}"))

    def fail(self, robot_id: str, job_id: str, *, retryable: bool) -> JobStatus:
        """The robot reports failure."""
        call = FailJob(self._report, BACKOFF, FixedJitter())
        return self._run(call(**_report(robot_id, job_id), failure=Failure("e", retryable=retryable)))

    def release(self, robot_id: str, job_id: str) -> None:
        """The robot gives the job back."""
        self._run(ReleaseJob(self._report)(**_report(robot_id, job_id), reason=""))

    def extend(self, robot_id: str, job_id: str, seconds: int) -> bool:
        """Whether the robot keeps the job for longer."""
        return self._run(ExtendLease(self._report)(**_report(robot_id, job_id), extension_seconds=seconds)).extended

    def cancel(self, job_id: str) -> Cancellation:
        """A user cancels."""
        return self._run(CancelJob(self._jobs, self._robots, self.clock)(caller=USER, job_id=job_id))

    def retry(self, job_id: str, new_job_id: str) -> str:
        """A user retries the job; the new one's id."""
        return self._run(self._retry(caller=USER, job_id=job_id, new_job_id=new_job_id)).job_id

    def retry_dead_letter(self, job_id: str) -> str:
        """A user retries the dead letter; the new job's id."""
        return self._run(RetryDeadLetter(self._jobs, self._retry)(caller=USER, job_id=job_id)).job_id

    def delete_dead_letter(self, job_id: str) -> None:
        """A user deletes the dead letter."""
        self._run(DeleteDeadLetter(self._jobs)(caller=USER, job_id=job_id))

    def reap(self) -> None:
        """The timers do what is due."""
        self._run(ExpireLeases(self._jobs, self._robots, self.clock)())
        self._run(PromoteDueJobs(self._jobs, self.clock)())

    def stored(self) -> Stored:
        """What the store holds now."""
        return self._run(self._read())

    def _run(self, call: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self._runner.run(call)

    async def _prepare(self) -> None:
        runtime: Runtime = self._runtime
        await runtime.store.ensure_indexes(JOBS, JOB_INDEXES)
        definitions = DefinitionStore(runtime.store)
        await definitions.put(self._definition)
        self._jobs = MongoJobs(runtime.store, runtime.relay, self.clock, runtime.new_id)
        self._robots = MongoRobots(runtime.store, runtime.relay, self.clock, runtime.new_id)
        jobs = Collection(runtime.store, JOBS)
        self._submitter = JobSubmitter(jobs, runtime.relay, self.clock, runtime.new_id)
        self._report = ReportOnJob(self._jobs, self._robots, self.clock)
        self._retry = RetryJob(self._jobs, self._submitter, self.clock)
        index = CandidateIndex()
        self._refill = RefillCandidates(self._jobs, index)
        take = TakeJobs(
            jobs=self._jobs,
            robots=self._robots,
            definitions=definitions,
            index=index,
            clock=self.clock,
            new_token=new_token,
            refill=lambda: None,
        )
        self._claim = ClaimJob(take, self._robots, index)

    async def _begin(self, slots: dict[str, int]) -> None:
        for name in (JOBS, ROBOTS):
            await Collection(self._runtime.store, name).delete({})
        retire = RetireRobot(self._jobs, self._robots)
        for robot_id, n_slots in slots.items():
            registration = Registration(robot_id, robot_id, "h", (), "default", n_slots, ())
            await RegisterRobot(self._robots, retire, self.clock)(caller=_identity(robot_id), registration=registration)

    async def _read(self) -> Stored:
        documents = await Collection(self._runtime.store, JOBS).find({})
        robots = await self._robots.find(TENANT, None)
        jobs = [from_document(document) for document in documents]
        return Stored({job.job_id: job for job in jobs}, {robot.robot_id: robot for robot in robots})


def _report(robot_id: str, job_id: str) -> dict[str, Any]:
    return {"caller": _identity(robot_id), "job_id": job_id, "reporter": Reporter(robot_id)}
