"""`python -m bench [case …]`: runs cases one after another, prints their tables, writes `bench/results/`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import uvloop

from bench import analytics, lifecycle, report
from bench.generator import RunError
from bench.lifecycle import Options

CASES: dict[str, Callable[[Options], Awaitable[report.CaseResult]]] = {
    "lifecycle": lifecycle.run,
    "analytics": analytics.run,
}


def parsed() -> argparse.Namespace:
    """Return the command line's choices; exits 2 when they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"default: all ({', '.join(CASES)})")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--distributed", action="store_true", help="measure one process per service")
    shape.add_argument("--calibrate", action="store_true", help="measure bare against bare: the machine's noise")
    parser.add_argument("--rounds", type=int, default=Options.rounds, help="per concurrency (%(default)s)")
    parser.add_argument("--seconds", type=float, default=Options.seconds, help="per segment (%(default)s)")
    parser.add_argument("--update-readme", action="store_true", help="put the tables into bench/README.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - CASES.keys():
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there is {', '.join(CASES)}")
    if not 1 <= arguments.rounds <= 100 or not 0.1 <= arguments.seconds <= 60:
        parser.error("--rounds takes 1 to 100, --seconds 0.1 to 60")
    return arguments


async def run_cases(arguments: argparse.Namespace) -> bool:
    """Run each chosen case and return whether all of them passed."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    options = Options(arguments.rounds, arguments.seconds, arguments.distributed, arguments.calibrate)
    return all([await run_case(name, options, arguments.update_readme) for name in arguments.cases or CASES])


async def run_case(name: str, options: Options, update_readme: bool) -> bool:
    """Run a case, report it, and return whether it showed what it must."""
    at = datetime.now(UTC)
    try:
        result = await CASES[name](options)
    except (RunError, OSError, ExceptionGroup) as error:
        print(f"FAILED: {name}: {told(error)}", file=sys.stderr)
        return False
    print(f"\n{result.name} · {report.conditions(at)}\n\n{result.tables}\n\nwrote {report.write(result, at)}")
    for failure in result.failures:
        print(f"FAILED: {result.name}: {failure}", file=sys.stderr)
    if update_readme and not result.failures:
        report.update_readme(result, at)
    return not result.failures


def told(error: Exception) -> Exception:
    """Return the error to tell: of a group of workers the first one's; raises what is no outcome of a run."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, RunError | OSError):
        raise error
    return error


if __name__ == "__main__":
    choices = parsed()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            sys.exit(0 if runner.run(run_cases(choices)) else 1)
        except (KeyboardInterrupt, asyncio.CancelledError):
            sys.exit("bench: interrupted; everything it had started is stopped")
