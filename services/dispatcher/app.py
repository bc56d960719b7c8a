"""Wires the dispatcher."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Gauge

from services.dispatcher.adapters.dead_letter_store import MongoDeadLetters
from services.dispatcher.adapters.job_store import MongoJobs
from services.dispatcher.adapters.log_store import JOB_LOG_INDEXES, JOB_LOGS, MongoJobLogs
from services.dispatcher.adapters.robot_store import ROBOT_INDEXES, MongoRobots
from services.dispatcher.api.dead_letter_routes import DeadLetterUseCases, build_dead_letter_router
from services.dispatcher.api.job_list_routes import build_job_list_router
from services.dispatcher.api.job_routes import JobUseCases, build_job_router
from services.dispatcher.api.log_routes import LogUseCases, build_log_router
from services.dispatcher.api.retry_routes import build_retry_router
from services.dispatcher.api.robot_routes import RobotUseCases, build_robot_router
from services.dispatcher.api.robot_socket.measures import Measures
from services.dispatcher.api.robot_socket.parts import SocketParts, SocketRules, SocketUseCases
from services.dispatcher.api.robot_socket.routes import build_robot_socket_router
from services.dispatcher.api.robot_socket.sessions import RobotSessions
from services.dispatcher.background import Timers, duties
from services.dispatcher.consumers import attach_consumers
from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.domain.retry import RetryPolicy
from services.dispatcher.ports import Tokens
from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.use_cases.accept_job import AcceptJob
from services.dispatcher.use_cases.add_job_logs import AddJobLogs
from services.dispatcher.use_cases.cancel_job import CancelJob
from services.dispatcher.use_cases.cancel_jobs_of_workflow import CancelJobsOfWorkflow
from services.dispatcher.use_cases.claim_job import ClaimJob
from services.dispatcher.use_cases.command_robot import CommandRobot
from services.dispatcher.use_cases.complete_job import CompleteJob
from services.dispatcher.use_cases.confirm_stop import ConfirmStop
from services.dispatcher.use_cases.connect_robot import ConnectRobot
from services.dispatcher.use_cases.delete_dead_letter import DeleteDeadLetter
from services.dispatcher.use_cases.delete_robot import DeleteRobot
from services.dispatcher.use_cases.expire_leases import ExpireLeases
from services.dispatcher.use_cases.explain_job import ExplainJob
from services.dispatcher.use_cases.extend_lease import ExtendLease
from services.dispatcher.use_cases.fail_job import FailJob
from services.dispatcher.use_cases.forget_deleted_robots import ForgetDeletedRobots
from services.dispatcher.use_cases.free_lost_slots import FreeLostSlots
from services.dispatcher.use_cases.get_job import GetJob
from services.dispatcher.use_cases.get_robot import GetRobot
from services.dispatcher.use_cases.list_dead_letters import ListDeadLetters
from services.dispatcher.use_cases.list_jobs import ListJobs
from services.dispatcher.use_cases.list_robots import ListRobots
from services.dispatcher.use_cases.mark_offline_robots import MarkOfflineRobots
from services.dispatcher.use_cases.promote_due_jobs import PromoteDueJobs
from services.dispatcher.use_cases.purge_dead_letters import PurgeDeadLetters
from services.dispatcher.use_cases.read_job_logs import ReadJobLogs
from services.dispatcher.use_cases.record_heartbeat import RecordHeartbeat
from services.dispatcher.use_cases.refill_candidates import RefillCandidates
from services.dispatcher.use_cases.register_robot import RegisterRobot
from services.dispatcher.use_cases.release_job import ReleaseJob
from services.dispatcher.use_cases.remove_old_jobs import RemoveOldJobs
from services.dispatcher.use_cases.remove_old_logs import RemoveOldLogs
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from services.dispatcher.use_cases.report_progress import ReportProgress
from services.dispatcher.use_cases.retire_robot import RetireRobot
from services.dispatcher.use_cases.retry_dead_letter import RetryDeadLetter
from services.dispatcher.use_cases.retry_job import RetryJob
from services.dispatcher.use_cases.set_robot_status import SetRobotStatus
from services.dispatcher.use_cases.summarize_dead_letters import SummarizeDeadLetters
from services.dispatcher.use_cases.take_jobs import TakeJobs
from services.dispatcher.use_cases.update_robot import UpdateRobot
from services.dispatcher.use_cases.withdraw_job import WithdrawJob
from shared.jobs import JOB_INDEXES, JOBS, DefinitionStore, JobSubmitter
from shared.jobs.fleet import ROBOTS
from shared.jobs.history import JobHistory
from shared.kernel.ids import NewId, new_id, new_token
from shared.storage import Collection
from shared.web import create_service_app
from shared.web.app import on_drain
from shared.web.idempotency import IDEMPOTENCY_INDEXES, IDEMPOTENCY_KEYS, IdempotentResponses
from shared.web.indexes import ensure_indexes_duty
from shared.web.periodic import running
from shared.web.runtime import Runtime

OUTBOX_COLLECTIONS: Final = (JOBS, ROBOTS)
_INDEXES: Final = {
    JOBS: JOB_INDEXES,
    ROBOTS: ROBOT_INDEXES,
    JOB_LOGS: JOB_LOG_INDEXES,
    IDEMPOTENCY_KEYS: IDEMPOTENCY_INDEXES,
}


@dataclass(frozen=True, slots=True)
class _Parts:
    """The dispatcher's objects, once per application."""

    jobs: MongoJobs
    robots: MongoRobots
    logs: MongoJobLogs
    index: CandidateIndex
    refill: RefillCandidates
    take: TakeJobs
    claim: ClaimJob
    retry: RetryJob
    idempotent: IdempotentResponses
    retire: RetireRobot


def create_app(
    settings: DispatcherSettings,
    runtime: Runtime,
    *,
    lease_tokens: Tokens = new_token,
    message_ids: NewId = new_id,
) -> FastAPI:
    """The dispatcher as an ASGI application; its lifespan consumes events and runs the timers.

    `lease_tokens` and `message_ids` are what is random in a conversation with a robot.
    """
    parts = _parts(runtime, lease_tokens)
    timers = _timers(settings, runtime, parts)
    measures = Measures(runtime.registry)
    sessions = RobotSessions(measures)
    measures.watch(lambda: len(sessions))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        cancel_jobs = CancelJobsOfWorkflow(parts.jobs, runtime.clock)
        await attach_consumers(runtime.bus, parts.index, parts.retire, cancel_jobs, sessions)
        indexes = ensure_indexes_duty(runtime.store, _INDEXES)
        async with running((indexes, *duties(timers, settings)), runtime.registry):
            yield

    app = create_service_app(
        name="dispatcher",
        title="Casare dispatcher",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "events": runtime.bus.check},
        lifespan=lifespan,
    )
    job_use_cases = _job_use_cases(settings, runtime, parts)
    log_use_cases = _log_use_cases(settings, runtime, parts)
    robot_use_cases = _robot_use_cases(settings, runtime, parts)
    app.include_router(build_job_router(job_use_cases))
    app.include_router(build_job_list_router(ListJobs(JobHistory(runtime.store)), _explain(settings, runtime, parts)))
    app.include_router(build_retry_router(parts.retry, parts.idempotent))
    app.include_router(build_dead_letter_router(_dead_letter_use_cases(runtime, parts), parts.idempotent))
    app.include_router(build_log_router(log_use_cases, parts.idempotent))
    app.include_router(build_robot_router(robot_use_cases))
    sockets = SocketParts(
        use=_socket_use_cases(settings, runtime, parts, job_use_cases, log_use_cases, robot_use_cases),
        rules=SocketRules.of(settings),
        index=parts.index,
        measures=measures,
        new_id=message_ids,
        now_ms=runtime.clock.now_ms,
    )
    app.include_router(build_robot_socket_router(sockets, sessions))
    on_drain(app, parts.claim.close)
    on_drain(app, sessions.drain)
    _export(parts.index, runtime.registry)
    return app


def _parts(runtime: Runtime, lease_tokens: Tokens) -> _Parts:
    jobs = MongoJobs(runtime.store, runtime.relay, runtime.clock, runtime.new_id)
    robots = MongoRobots(runtime.store, runtime.relay, runtime.clock, runtime.new_id)
    index = CandidateIndex()
    refill = RefillCandidates(jobs, index)
    take = TakeJobs(
        jobs=jobs,
        robots=robots,
        definitions=DefinitionStore(runtime.store),
        index=index,
        clock=runtime.clock,
        new_token=lease_tokens,
        refill=refill.ask,
    )
    claim = ClaimJob(take, robots, index)
    submitter = JobSubmitter(Collection(runtime.store, JOBS), runtime.relay, runtime.clock, runtime.new_id)
    retry = RetryJob(jobs, submitter, runtime.clock)
    idempotent = IdempotentResponses(runtime.store, runtime.clock, runtime.new_id)
    return _Parts(
        jobs=jobs,
        robots=robots,
        logs=MongoJobLogs(runtime.store),
        index=index,
        refill=refill,
        take=take,
        claim=claim,
        retire=RetireRobot(jobs, robots),
        retry=retry,
        idempotent=idempotent,
    )


def _timers(settings: DispatcherSettings, runtime: Runtime, parts: _Parts) -> Timers:
    jobs, robots, clock = parts.jobs, parts.robots, runtime.clock
    expire = ExpireLeases(jobs, robots, clock)
    return Timers(
        expire_leases=expire,
        promote_due_jobs=PromoteDueJobs(jobs, clock),
        refill_candidates=parts.refill,
        free_lost_slots=FreeLostSlots(jobs, robots, parts.retire, clock),
        mark_offline_robots=MarkOfflineRobots(robots, expire, clock, settings.robot_offline_after_ms),
        remove_old_jobs=RemoveOldJobs(jobs, clock, settings.job_retention_ms),
        idempotent=parts.idempotent,
        forget_deleted_robots=ForgetDeletedRobots(robots, clock),
        remove_old_logs=RemoveOldLogs(parts.logs, clock, settings.job_log_retention_ms),
    )


def _job_use_cases(settings: DispatcherSettings, runtime: Runtime, parts: _Parts) -> JobUseCases:
    report = ReportOnJob(parts.jobs, parts.robots, runtime.clock)
    policy = RetryPolicy(int(settings.retry_base_seconds * 1000), int(settings.retry_cap_seconds * 1000))
    return JobUseCases(
        claim=parts.claim,
        progress=ReportProgress(report),
        complete=CompleteJob(report),
        fail=FailJob(report, policy, random.Random()),  # noqa: S311 - spreads retries, guards nothing
        release=ReleaseJob(report),
        extend=ExtendLease(report),
        cancel=CancelJob(parts.jobs, parts.robots, runtime.clock),
        get=GetJob(parts.jobs),
    )


def _explain(settings: DispatcherSettings, runtime: Runtime, parts: _Parts) -> ExplainJob:
    return ExplainJob(parts.jobs, parts.robots, runtime.clock, settings.robot_offline_after_ms)


def _dead_letter_use_cases(runtime: Runtime, parts: _Parts) -> DeadLetterUseCases:
    dead_letters = MongoDeadLetters(runtime.store)
    return DeadLetterUseCases(
        find=ListDeadLetters(dead_letters),
        summarize=SummarizeDeadLetters(dead_letters),
        retry=RetryDeadLetter(parts.jobs, parts.retry),
        delete=DeleteDeadLetter(parts.jobs),
        purge=PurgeDeadLetters(parts.jobs, dead_letters, runtime.clock),
    )


def _log_use_cases(settings: DispatcherSettings, runtime: Runtime, parts: _Parts) -> LogUseCases:
    return LogUseCases(
        add=AddJobLogs(parts.jobs, parts.logs, runtime.clock, settings.job_log_max_bytes),
        read=ReadJobLogs(parts.jobs, parts.logs),
        now_ms=runtime.clock.now_ms,
    )


def _robot_use_cases(settings: DispatcherSettings, runtime: Runtime, parts: _Parts) -> RobotUseCases:
    offline_after_ms = settings.robot_offline_after_ms
    return RobotUseCases(
        register=RegisterRobot(parts.robots, parts.retire, runtime.clock),
        heartbeat=RecordHeartbeat(parts.robots, parts.jobs, runtime.clock),
        find=ListRobots(parts.robots, runtime.clock, offline_after_ms),
        get=GetRobot(parts.robots),
        update=UpdateRobot(parts.robots, runtime.clock, offline_after_ms),
        set_status=SetRobotStatus(parts.robots, runtime.clock, offline_after_ms),
        command=CommandRobot(parts.robots, runtime.clock, offline_after_ms),
        delete=DeleteRobot(parts.robots, parts.retire, runtime.clock),
        now_ms=runtime.clock.now_ms,
        offline_after_ms=offline_after_ms,
    )


def _socket_use_cases(
    settings: DispatcherSettings,
    runtime: Runtime,
    parts: _Parts,
    job: JobUseCases,
    log: LogUseCases,
    robot: RobotUseCases,
) -> SocketUseCases:
    report = ReportOnJob(parts.jobs, parts.robots, runtime.clock)
    return SocketUseCases(
        register=robot.register,
        connect=ConnectRobot(parts.jobs, parts.robots, parts.take, runtime.clock, settings.robot_accept_seconds),
        heartbeat=robot.heartbeat,
        accept=AcceptJob(report, settings.robot_lease_seconds),
        progress=job.progress,
        complete=job.complete,
        fail=job.fail,
        release=job.release,
        stop=ConfirmStop(parts.jobs, parts.robots, job.fail),
        add_logs=log.add,
        withdraw=WithdrawJob(parts.jobs, parts.robots),
        take=parts.take,
        robot=robot.get,
    )


def _export(index: CandidateIndex, registry: CollectorRegistry) -> None:
    """What operators watch of the matching."""
    Gauge("casare_candidates", "Jobs at hand for matching", registry=registry).set_function(lambda: index.n_candidates)
    Gauge("casare_offers", "Robots waiting for a job", registry=registry).set_function(lambda: index.n_offers)
