"""Case `lifecycle`: submit, claim, complete over HTTP at concurrency 1 and 32, product against bare."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.json import Decoder

from bench import cost, servers
from bench.enrolment import Credentials, enrol, placeholders, workers_on
from bench.figures import Segment, differences_from_each_once, rounds_of
from bench.generator import Ledger, RunError, Worker, run_segment
from bench.lifecycle_report import CALIBRATION, DISTRIBUTED, EMBEDDED, Level, Targets, costs, rates, steps
from bench.report import RESULTS, CaseResult

CONCURRENCIES = (1, 32)
WARM_UP_SECONDS = 1.0
ASK_SECONDS = 120


@dataclass(frozen=True)
class Options:
    """How long, and against what: the product embedded, distributed, or bare itself (to see the noise)."""

    rounds: int = 5
    seconds: float = 3.0
    distributed: bool = False
    calibrate: bool = False

    @property
    def name(self) -> str:
        """The result's name: one for each thing that is measured."""
        shape = "-distributed" if self.distributed else "-calibration" if self.calibrate else ""
        return f"lifecycle{shape}"

    @property
    def targets(self) -> Targets:
        """What a run like this must reach."""
        return DISTRIBUTED if self.distributed else CALIBRATION if self.calibrate else EMBEDDED


class _JobState(Struct):
    status: str


async def run(options: Options) -> CaseResult:
    """Measure, then check that every submitted job was completed once; raises RunError when it cannot."""
    async with AsyncExitStack() as stack:
        # Not in /tmp, which may be memory: syncing must cost what it costs on a disk.
        RESULTS.mkdir(exist_ok=True)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="run-", dir=RESULTS)))
        yardstick = await stack.enter_async_context(servers.bare(folder))
        server, credentials = await _measured_server(stack, folder, options)
        ledger = Ledger()
        bare = await stack.enter_async_context(workers_on(yardstick.port, credentials, Ledger()))
        workers = await stack.enter_async_context(workers_on(server.port, credentials, ledger))
        meters = [cost.CostMeter(lambda: _processes(server, options)) for _ in CONCURRENCIES]
        levels = [
            await _level(options, meter, bare[:concurrency], workers[:concurrency])
            for concurrency, meter in zip(CONCURRENCIES, meters, strict=True)
        ]
        failures = [] if options.calibrate else await _contradictions(workers, ledger)
    return _result(options, levels, ledger, failures)


async def _measured_server(stack: AsyncExitStack, folder: Path, options: Options) -> tuple[servers.Server, Credentials]:
    robots = max(CONCURRENCIES)
    if options.calibrate:
        return await stack.enter_async_context(servers.bare(folder, "bare again")), placeholders(robots)
    password = secrets.token_urlsafe(24)
    product = servers.product(folder, password, distributed=options.distributed)
    server = await stack.enter_async_context(product)
    return server, await enrol(server.port, password, robots)


def _processes(server: servers.Server, options: Options) -> dict[int, str]:
    outside = cost.brokers() if options.distributed else {}
    return cost.generator() | outside | cost.tree(server.pid)


async def _level(options: Options, meter: cost.CostMeter, bare: Sequence[Worker], workers: Sequence[Worker]) -> Level:
    """Alternate bare and measured, so that each measured segment has bare right before and after it."""
    await run_segment(bare, WARM_UP_SECONDS)
    await run_segment(workers, WARM_UP_SECONDS)
    bare_segments = [await run_segment(bare, options.seconds)]
    segments: list[Segment] = []
    rests: list[float] = []
    for _ in range(options.rounds):
        with meter.metered():
            segments.append(await run_segment(workers, options.seconds))
            rests.append(await meter.rest())
        bare_segments.append(await run_segment(bare, options.seconds))
    return Level(len(workers), rounds_of(bare_segments, segments), meter.costs, rests)


async def _contradictions(workers: Sequence[Worker], ledger: Ledger) -> list[str]:
    """Return what speaks against "submitted = finished, each once": in the ledger, or in a job's state."""
    found = differences_from_each_once(ledger.submitted, ledger.completed)
    unasked = iter(ledger.submitted)
    unfinished: list[str] = []
    job = Decoder(_JobState)

    async def ask(worker: Worker) -> None:
        await worker.connection.open()
        for job_id in unasked:
            call = worker.connection.call("GET", f"/api/v1/jobs/{job_id}", job, headers=worker.user_headers)
            if (await call).status != "completed":
                unfinished.append(job_id)

    try:
        async with asyncio.timeout(ASK_SECONDS), asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(ask(worker))
    except TimeoutError as error:
        raise RunError(f"the jobs' states could not be read back within {ASK_SECONDS} s") from error
    if unfinished:
        found.append(f"{len(unfinished)} not completed on the server, e.g. {unfinished[0]}")
    return found


def _result(options: Options, levels: Sequence[Level], ledger: Ledger, failures: list[str]) -> CaseResult:
    parts = [rates(levels, options.targets), steps(levels, options.targets), costs(levels)]
    if not options.calibrate and not failures:
        left = max(seconds for level in levels for seconds in level.rest_seconds)
        parts.append(
            f"{len(ledger.completed):,} jobs submitted; each completed once, by the client's record and by the "
            f"server's. {ledger.null_claims} claims found no job and waited. After a segment's last answer "
            f"the server worked on for at most {left:.1f} s."
        )
    figures = {
        "options": asdict(options),
        "jobs": len(ledger.completed),
        "null_claims": ledger.null_claims,
        "levels": [asdict(level) for level in levels],
    }
    return CaseResult(options.name, "\n\n".join(parts), figures, failures)
