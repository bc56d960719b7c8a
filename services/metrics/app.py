"""The metrics service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI

from services.metrics.adapters.activity_store import ACTIVITY, ACTIVITY_INDEXES, MongoActivity
from services.metrics.adapters.fact_store import JOB_FACT_INDEXES, JOB_FACTS, MongoFacts
from services.metrics.adapters.finished_jobs import MongoFinishedJobs
from services.metrics.adapters.fleet_reader import MongoFleet
from services.metrics.adapters.job_counter import MongoJobCounter
from services.metrics.adapters.periods import RememberedPeriods
from services.metrics.adapters.rebuild_store import REBUILD_INDEXES, REBUILDS, MongoRebuilds
from services.metrics.adapters.rollup_store import ROLLUP_INDEXES, ROLLUPS, MongoRollups
from services.metrics.adapters.running_jobs import MongoRunningJobs
from services.metrics.api.event_routes import build_event_router
from services.metrics.api.routes import MetricsUseCases, build_router
from services.metrics.api.stream_figures import StreamFigures
from services.metrics.api.streams import Streams, build_stream_router
from services.metrics.background import duties
from services.metrics.consumers import Announcements, MetricsConsumers
from services.metrics.domain.rollup_keys import DAY_MS
from services.metrics.settings import MetricsSettings
from services.metrics.use_cases.analyze_jobs import AnalyzeJobs
from services.metrics.use_cases.list_activity import ListActivity
from services.metrics.use_cases.list_jobs import ListJobs
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.live.follow_events import FollowEvents
from services.metrics.use_cases.live.follow_figures import FollowFigures
from services.metrics.use_cases.live.follow_jobs import FollowJobs
from services.metrics.use_cases.live.follow_queue import FollowQueue
from services.metrics.use_cases.live.follow_robots import FollowRobots
from services.metrics.use_cases.live.replay import Replay
from services.metrics.use_cases.measure_installation import MeasureInstallation
from services.metrics.use_cases.rebuild_rollups import RebuildRollups, Retained
from services.metrics.use_cases.record_activity import RecordActivity
from services.metrics.use_cases.record_job_fact import RecordJobFact
from services.metrics.use_cases.remove_expired import RemoveExpired, Retention
from services.metrics.use_cases.request_rebuild import RequestRebuild
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from services.metrics.use_cases.run_rebuild import RunRebuild
from services.metrics.use_cases.show_job import ShowJob
from services.metrics.use_cases.show_rebuild import ShowRebuild
from services.metrics.use_cases.show_robots import ShowRobots
from services.metrics.use_cases.summarize_fleet import SummarizeFleet
from shared.jobs.history import JobHistory
from shared.web import create_service_app
from shared.web.app import on_drain
from shared.web.indexes import ensure_indexes_duty
from shared.web.periodic import Duty, running
from shared.web.runtime import Runtime

OUTBOX_COLLECTIONS: Final = (REBUILDS,)

_INDEXES: Final = {
    ACTIVITY: ACTIVITY_INDEXES,
    JOB_FACTS: JOB_FACT_INDEXES,
    ROLLUPS: ROLLUP_INDEXES,
    REBUILDS: REBUILD_INDEXES,
}


@dataclass(frozen=True, slots=True)
class _Stores:
    """What this service keeps."""

    activity: MongoActivity
    facts: MongoFacts
    rollups: MongoRollups
    rebuilds: MongoRebuilds


def create_app(settings: MetricsSettings, runtime: Runtime) -> FastAPI:
    """The service as an ASGI application; its lifespan consumes events and rolls them up."""
    linger_seconds = settings.event_linger_seconds
    announcements = Announcements(runtime.bus, runtime.new_id)
    stores = _Stores(
        MongoActivity(runtime.store, runtime.clock, linger_seconds=linger_seconds, announce=announcements.send),
        MongoFacts(runtime.store, linger_seconds=linger_seconds),
        MongoRollups(runtime.store),
        MongoRebuilds(runtime.store, runtime.relay, runtime.new_id),
    )
    consumers = _consumers(settings, runtime, stores)
    run_rebuild = _run_rebuild(settings, runtime, stores)
    timers = _duties(settings, runtime, stores, run_rebuild)
    feeds = LiveFeeds(stores.activity)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await announcements.attach(feeds)
        await consumers.attach(runtime.bus)
        async with running(timers, runtime.registry):
            yield
            feeds.close()
            run_rebuild.stop()

    app = create_service_app(
        name="metrics",
        title="Casare metrics",
        registry=runtime.registry,
        tokens=runtime.tokens,
        checks={"store": runtime.store.ping, "bus": runtime.bus.check},
        lifespan=lifespan,
    )
    app.include_router(build_router(_use_cases(settings, runtime, stores)))
    _add_streams(app, settings, runtime, stores, feeds)
    return app


def _add_streams(app: FastAPI, settings: MetricsSettings, runtime: Runtime, stores: _Stores, feeds: LiveFeeds) -> None:
    """The live streams; they end when the process is told to stop, so that clients go on elsewhere."""
    clock, offline_after_ms = runtime.clock, settings.robot_offline_after_ms
    fleet, counter = MongoFleet(runtime.store, clock), MongoJobCounter(runtime.store, clock)
    replay, figures = Replay(stores.activity), StreamFigures(runtime.registry)
    periods = RememberedPeriods(stores.rollups, clock)
    streams = Streams(
        jobs=FollowJobs(feeds, replay, JobHistory(runtime.store), MongoRunningJobs(runtime.store), clock),
        robots=FollowRobots(feeds, fleet, clock, offline_after_ms),
        queue=FollowQueue(feeds, counter, clock),
        figures=FollowFigures(feeds, fleet, counter, periods, clock, offline_after_ms),
    )
    app.include_router(build_stream_router(streams, figures, clock))
    app.include_router(build_event_router(FollowEvents(feeds, replay, clock), figures, clock))
    on_drain(app, feeds.close)


def _consumers(settings: MetricsSettings, runtime: Runtime, stores: _Stores) -> MetricsConsumers:
    record_fact = RecordJobFact(stores.facts, runtime.clock, settings.job_facts_retention_days * DAY_MS)
    return MetricsConsumers(RecordActivity(stores.activity), record_fact, runtime.registry)


def _duties(settings: MetricsSettings, runtime: Runtime, stores: _Stores, run_rebuild: RunRebuild) -> tuple[Duty, ...]:
    roll_up = RollUpFacts(stores.facts, stores.rollups, runtime.clock, runtime.new_id)
    retention = Retention(
        activity_ms=settings.activity_retention_days * DAY_MS,
        facts_ms=settings.job_facts_retention_days * DAY_MS,
        rollups_ms=settings.rollup_retention_days * DAY_MS,
    )
    remove_expired = RemoveExpired(stores.activity, stores.facts, stores.rollups, runtime.clock, retention)
    timed = duties(
        roll_up,
        remove_expired,
        run_rebuild,
        roll_up_every_seconds=settings.roll_up_every_seconds,
        registry=runtime.registry,
    )
    return (ensure_indexes_duty(runtime.store, _INDEXES), *timed)


def _run_rebuild(settings: MetricsSettings, runtime: Runtime, stores: _Stores) -> RunRebuild:
    retained = Retained(
        facts_ms=settings.job_facts_retention_days * DAY_MS, rollups_ms=settings.rollup_retention_days * DAY_MS
    )
    jobs = MongoFinishedJobs(runtime.store)
    rebuild = RebuildRollups(jobs, stores.facts, stores.rollups, runtime.clock, runtime.new_id, retained)
    return RunRebuild(stores.rebuilds, rebuild, runtime.clock)


def _use_cases(settings: MetricsSettings, runtime: Runtime, stores: _Stores) -> MetricsUseCases:
    clock, offline_after_ms = runtime.clock, settings.robot_offline_after_ms
    fleet = MongoFleet(runtime.store, clock)
    counter = MongoJobCounter(runtime.store, clock)
    history = JobHistory(runtime.store)
    return MetricsUseCases(
        fleet=SummarizeFleet(fleet, counter, clock, offline_after_ms),
        robots=ShowRobots(fleet, stores.rollups, clock, offline_after_ms),
        list_jobs=ListJobs(history),
        show_job=ShowJob(history),
        analyze=AnalyzeJobs(RememberedPeriods(stores.rollups, clock), clock),
        request_rebuild=RequestRebuild(stores.rebuilds, clock, runtime.new_id),
        show_rebuild=ShowRebuild(stores.rebuilds),
        activity=ListActivity(stores.activity),
        measure=MeasureInstallation(fleet, counter, stores.rollups, clock, offline_after_ms),
    )
