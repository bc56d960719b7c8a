"""Case `analytics`: `GET /metrics/analytics?days=90` with a thousand and with a million finished jobs."""

import random
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from bench.figures import Spread
from bench.generator import RunError
from bench.lifecycle import Options
from bench.report import RESULTS, CaseResult, spread, table
from cli.data_folder import DataFolder
from cli.embedded_store import embedded_store
from services.metrics.adapters.brief_memory import REMEMBERED_MS
from services.metrics.adapters.rollup_store import MongoRollups
from services.metrics.app import OUTBOX_COLLECTIONS, create_app
from services.metrics.domain.analytics import days_until
from services.metrics.domain.facts import JobFact
from services.metrics.domain.rollup_keys import tenant_day_key
from services.metrics.domain.rollups import Rollup, empty_rollup
from services.metrics.settings import MetricsSettings
from shared.config import load
from shared.jobs import JobStatus
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.storage import Store
from shared.web.runtime import Runtime, open_runtime
from shared.web.tokens import HEADER

NOW_MS: Final = 1_767_268_800_000
N_DAYS: Final = 90
N_WORKFLOWS: Final = 50
N_ERROR_TYPES: Final = 20
SIZES: Final = {"a thousand": 1_000, "a million": 1_000_000}
CALLS: Final = 20
"""Per size and round; each after the answer before it is forgotten."""
AT_MOST: Final = 2.0


class _Clock:
    """Time that passes only between calls, so that none is answered from memory."""

    def __init__(self) -> None:
        self._now_ms = NOW_MS

    def now_ms(self) -> int:
        return self._now_ms

    def forget(self) -> None:
        self._now_ms += REMEMBERED_MS


@dataclass(frozen=True)
class _Service:
    http: httpx.AsyncClient
    runtime: Runtime
    clock: _Clock


async def run(options: Options) -> CaseResult:
    """Store what rolling up so many jobs leaves, then time the calls; raises RunError when an answer is wrong."""
    RESULTS.mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        folder = DataFolder(Path(stack.enter_context(TemporaryDirectory(prefix="run-", dir=RESULTS))))
        folder.prepare()
        service = await stack.enter_async_context(_service(await stack.enter_async_context(embedded_store(folder))))
        kilobytes = {name: await _store_rollups(service.runtime.store, name, n) for name, n in SIZES.items()}
        times: dict[str, list[float]] = {name: [] for name in SIZES}
        for n_round in range(options.rounds + 1):
            for name, n_jobs in SIZES.items():
                median = await _timed(service, name, n_jobs)
                if n_round:  # the first round warms up
                    times[name].append(median)
    return _result(times, kilobytes)


@asynccontextmanager
async def _service(store_url: str) -> AsyncIterator[_Service]:
    clock = _Clock()
    settings = load(MetricsSettings, mongodb_url=store_url, mongodb_database="bench", rollup_retention_days=3_650)
    async with open_runtime(settings, OUTBOX_COLLECTIONS, clock=clock) as runtime:
        app = create_app(settings, runtime)
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://b") as http,
        ):
            yield _Service(http, runtime, clock)


async def _store_rollups(store: Store, tenant_id: str, n_jobs: int) -> float:
    """What the jobs leave, spread over the days; how many kilobytes of text that is."""
    chance, rollups, n_bytes = random.Random(7), MongoRollups(store), 0
    days = days_until(NOW_MS, N_DAYS)
    for n_day, day_ms in enumerate(days):
        n_today = n_jobs * (n_day + 1) // N_DAYS - n_jobs * n_day // N_DAYS
        facts = [_fact(tenant_id, f"{n_day}-{n}", day_ms, chance) for n in range(n_today)]
        rollup = empty_rollup(tenant_day_key(tenant_id, day_ms)).plus(facts, unsettled=(), write_id="w")
        assert rollup is not None
        await rollups.save(_settled(rollup))
        n_bytes += sum(map(len, (rollup.errors_json, rollup.durations_json, rollup.workflows_json)))
    return n_bytes / 1000


def _settled(rollup: Rollup) -> Rollup:
    """As the write after this one leaves it."""
    return Rollup(**{name: getattr(rollup, name) for name in rollup.__struct_fields__ if name != "applied"})


def _fact(tenant_id: str, job_id: str, day_ms: int, chance: random.Random) -> JobFact:
    """A job of a minute, give or take; one in twenty fails."""
    workflow = int(chance.triangular(0, N_WORKFLOWS, 0))
    failed = chance.random() < 0.05
    return JobFact(
        job_id=job_id,
        tenant_id=tenant_id,
        workflow_id=f"018f0000-0000-7000-8000-{workflow:012}",
        workflow_name=f"Workflow number {workflow}",
        environment="default",
        robot_id=None,
        status=JobStatus.FAILED if failed else JobStatus.COMPLETED,
        finished_ms=day_ms + chance.randrange(86_400_000),
        duration_ms=int(chance.lognormvariate(11, 0.8)),
        error_type=f"ERROR_{chance.randrange(N_ERROR_TYPES)}" if failed else None,
    )


async def _timed(service: _Service, tenant_id: str, n_jobs: int) -> float:
    """The median of `CALLS` calls, in milliseconds."""
    caller = Identity(kind="user", subject="u", tenant_id=tenant_id, roles=(Role.VIEWER,))
    headers = {HEADER: service.runtime.tokens.sign(caller)}
    times = []
    for _ in range(CALLS):
        service.clock.forget()
        begun = time.perf_counter()
        answer = await service.http.get("/api/v1/metrics/analytics", params={"days": N_DAYS}, headers=headers)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200 or answer.json()["total_jobs"] != n_jobs:
            raise RunError(f"the answer is wrong: {answer.status_code} {answer.text[:200]}")
    return statistics.median(times)


def _result(times: dict[str, list[float]], kilobytes: dict[str, float]) -> CaseResult:
    few, many = times.values()
    ratio = Spread.of(large / small for small, large in zip(few, many, strict=True))
    verdict = f"≤ {AT_MOST:g}" if ratio.median <= AT_MOST else f"≤ {AT_MOST:g}: missed"
    rows = [
        (name, f"{kilobytes[name]:,.0f}", spread(Spread.of(times[name])), ratio_text, must)
        for name, ratio_text, must in zip(SIZES, ("1", spread(ratio)), ("–", verdict), strict=True)
    ]
    text = table(("finished jobs", "KB read", "ms a call", "ratio to a thousand", "must stay"), rows)
    return CaseResult("analytics", text, {"times_ms": times, "kilobytes": kilobytes, "ratio": asdict(ratio)}, [])
