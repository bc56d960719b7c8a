"""Any sequence of calls leaves the jobs, the robots' slots and the dead letters as the model of the rules says."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.dispatcher.domain.dead_letters import DeadLetterNotFound, DeadReason
from services.dispatcher.domain.reports import NotHeld
from services.dispatcher.domain.resubmission import JobNotRetryable
from shared.jobs import TERMINAL, Job, JobStatus
from tests.component.dispatcher.job_life import JobLife
from tests.component.dispatcher.job_life_model import LEASED, Facts, Model, ModelJob

SLOTS: Final = {"r1": 1, "r2": 2}
CALLS: Final = (
    *("submit", "claim", "claim", "claim", "time_passes", "timers_run", "timers_run"),
    *("progress", "complete", "fail", "fail", "fail", "release", "extend"),
    *("cancel", "retry", "retry_dead_letter", "delete_dead_letter"),
)
"""As often as a call stands here, as often it is made."""

ChoiceT = TypeVar("ChoiceT")


class JobLifeMachine(RuleBasedStateMachine):
    """Each step makes one call, predicts its answer from the model, and changes the model alike."""

    def __init__(self, life: JobLife) -> None:
        super().__init__()
        self._life = life
        self._model = Model(SLOTS)
        self._retried: dict[str, str] = {}
        self._ended: dict[str, Job] = {}
        self._n_jobs = 0
        self._example = life.begin(SLOTS)

    @initialize(data=st.data())
    def begin(self, data: Any) -> None:
        self._data = data
        self._submit()

    @rule(call=st.sampled_from(CALLS), data=st.data())
    def step(self, call: str, data: Any) -> None:
        self._data = data
        getattr(self, f"_{call}")()

    def _submit(self) -> None:
        now_ms = self._life.clock.now_ms()
        to_end, delay = self._one_of([None, None, 50_000]), self._one_of([None, None, None, 25_000])
        fields: dict[str, Any] = {
            "job_id": self._new_id(),
            "priority": self._one_of([0, 1, 2]),
            "max_attempts": self._one_of([1, 2, 2, 3]),
            "timeout_seconds": self._one_of([40, 600]),
            "must_end_ms": None if to_end is None else now_ms + to_end,
        }
        run_at_ms = None if delay is None else now_ms + delay
        job = ModelJob(created_ms=now_ms, waiting_until_ms=run_at_ms, **fields)
        assert self._life.submit(run_at_ms=run_at_ms, **fields) == job.job_id
        self._model.jobs[job.job_id] = job

    def _claim(self) -> None:
        robot_id, limit = self._one_of(SLOTS), self._one_of([1, 2, 3])
        now_ms = self._life.clock.now_ms()
        expected = self._model.next_for(robot_id, limit, now_ms)
        assert self._life.claim(robot_id, limit) == expected
        for job_id in expected:
            self._model.jobs[job_id].claim(robot_id, now_ms)

    def _progress(self) -> None:
        job, robot_id = self._reported()
        if self._is_accepted(job, robot_id, "progress", lambda: self._life.progress(robot_id, job.job_id)):
            job.status = JobStatus.RUNNING
            job.renew(self._life.clock.now_ms())

    def _complete(self) -> None:
        job, robot_id = self._reported()
        if self._is_accepted(job, robot_id, "complete", lambda: self._life.complete(robot_id, job.job_id)):
            job.end(JobStatus.COMPLETED)
            job.last_report = (robot_id, "complete", job.status)

    def _fail(self) -> None:
        job, robot_id = self._reported()
        retryable = self._one_of([True, True, False])
        answers: list[JobStatus] = []

        def fail() -> None:
            answers.append(self._life.fail(robot_id, job.job_id, retryable=retryable))

        if self._is_accepted(job, robot_id, "fail", fail):
            job.fail(robot_id, retryable=retryable, now_ms=self._life.clock.now_ms())
        assert not answers or job.last_report == (robot_id, "fail", answers[0])

    def _release(self) -> None:
        job, robot_id = self._reported()
        if self._is_accepted(job, robot_id, "release", lambda: self._life.release(robot_id, job.job_id)):
            job.released += 1
            job.requeue()
            job.last_report = (robot_id, "release", job.status)

    def _extend(self) -> None:
        job, robot_id = self._reported()
        seconds = self._one_of([5, 300])
        answers: list[bool] = []

        def extend() -> None:
            answers.append(self._life.extend(robot_id, job.job_id, seconds))

        if self._is_accepted(job, robot_id, "stopped", extend):
            job.lease_seconds = seconds
            job.renew(self._life.clock.now_ms())
        assert answers in ([], [job.owner == robot_id])

    def _cancel(self) -> None:
        job = self._one_of(self._model.jobs.values())
        outcome = self._life.cancel(job.job_id)
        assert (outcome.cancelled, outcome.previous_status) == (job.status not in TERMINAL, job.status)
        if outcome.cancelled:
            job.stop(JobStatus.CANCELLED)

    def _retry(self) -> None:
        job = self._one_of(self._model.jobs.values())
        new_job_id = self._new_id()
        try:
            assert self._life.retry(job.job_id, new_job_id) == new_job_id
        except JobNotRetryable:
            assert job.status in (JobStatus.PENDING, *LEASED, JobStatus.COMPLETED)
        else:
            assert job.status in TERMINAL - {JobStatus.COMPLETED}
            self._model.again(job, new_job_id, self._life.clock.now_ms())

    def _retry_dead_letter(self) -> None:
        job = self._dead_letter()
        try:
            new_job_id = self._life.retry_dead_letter(job.job_id)
        except DeadLetterNotFound:
            assert job.dead is None
            assert job.job_id not in self._retried
            return
        assert self._retried.setdefault(job.job_id, new_job_id) == new_job_id
        if job.dead is not None:
            self._model.again(job, new_job_id, self._life.clock.now_ms())

    def _delete_dead_letter(self) -> None:
        job = self._dead_letter()
        try:
            self._life.delete_dead_letter(job.job_id)
        except DeadLetterNotFound:
            assert job.dead is None
        else:
            assert job.dead is not None
            job.dead = None

    def _time_passes(self) -> None:
        """Nothing is due before the timers look: until then a late report still counts."""
        self._life.clock.advance(seconds=self._one_of([1, 12, 31, 45]))

    def _timers_run(self) -> None:
        self._time_passes()
        self._life.reap()
        for job in self._model.jobs.values():
            job.reap(self._life.clock.now_ms())

    def _new_id(self) -> str:
        """Ids that sort alike in every run: they decide between jobs of one moment."""
        self._n_jobs += 1
        return f"{self._example:04d}-{self._n_jobs:03d}"

    def _one_of(self, choices: Iterable[ChoiceT]) -> ChoiceT:
        chosen: ChoiceT = self._data.draw(st.sampled_from(list(choices)))
        return chosen

    def _mostly(self) -> bool:
        return self._one_of([True, True, False])

    def _reported(self) -> tuple[ModelJob, str]:
        """A job and who reports on it: mostly its holder, else anybody about anything."""
        held = [(job, job.owner) for job in self._model.jobs.values() if job.owner is not None]
        if held and self._mostly():
            return self._one_of(held)
        return self._one_of(self._model.jobs.values()), self._one_of(SLOTS)

    def _dead_letter(self) -> ModelJob:
        """Mostly one that is a dead letter."""
        dead = [job for job in self._model.jobs.values() if job.dead is not None]
        return self._one_of(dead if dead and self._mostly() else self._model.jobs.values())

    def _is_accepted(self, job: ModelJob, robot_id: str, verb: str, call: Callable[[], object]) -> bool:
        """Whether the report changes the job: it must, exactly when the robot holds it; a repeat is answered only."""
        try:
            call()
        except NotHeld:
            assert job.owner != robot_id
            assert job.last_report is None or job.last_report[:2] != (robot_id, verb)
            return False
        assert job.owner == robot_id or (job.last_report or ())[:2] == (robot_id, verb)
        return job.owner == robot_id

    @invariant()
    def what_is_stored_is_what_the_model_says(self) -> None:
        stored = self._life.stored()
        assert {job_id: _facts(job) for job_id, job in stored.jobs.items()} == {
            job_id: job.facts for job_id, job in self._model.jobs.items()
        }
        for robot_id, robot in stored.robots.items():
            assert set(robot.active) == self._model.held_by(robot_id)
            assert robot.n_active == len(robot.active) <= SLOTS[robot_id]
        for job_id in self._model.ended:
            final = msgspec.structs.replace(stored.jobs[job_id], version=0, updated_ms=0, dead_place=None)
            assert self._ended.setdefault(job_id, final) == final


def _facts(job: Job) -> Facts:
    """What the model tells of a job too."""
    robot_id, _, _, verb, outcome = (job.last_report or "\n\n\n\n").split("\n")
    return Facts(
        status=job.status,
        owner=job.robot_id if job.is_leased else None,
        attempts=job.attempt,
        released=job.n_released,
        is_queued=job.queue_position is not None,
        waiting_until_ms=job.waiting_until_ms,
        lease_expires_ms=job.lease_expires_ms,
        deadline_ms=job.deadline_ms,
        dead=None if job.dead_place is None or job.dead_reason is None else DeadReason(job.dead_reason),
        last_report=(robot_id, verb, JobStatus(outcome)) if verb else None,
    )


def test_no_sequence_of_calls_breaks_the_rules(store_url: str, database_name: str) -> None:
    life = JobLife(store_url, database_name)
    try:
        run_state_machine_as_test(
            lambda: JobLifeMachine(life),  # type: ignore[arg-type]  # documented: any factory of a machine
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],  # shrinking takes longer than a test may
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        life.close()
