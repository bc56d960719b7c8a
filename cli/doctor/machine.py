"""Checks of this machine: Python and the locked dependencies, what robots may want, how many sockets fit."""

import asyncio
import os
import re
import resource
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cli.doctor.configuration import ROBOT_PREFIX
from cli.doctor.findings import Check, Finding, State
from cli.doctor.surroundings import Surroundings

AREA: Final = "machine"
PROJECT: Final = Path(__file__).parents[2]
ENOUGH_FILES: Final = 4_096
"""A robot's or a stream's socket is a descriptor in the gateway and one in the service behind it."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LOCKED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)\s*(;)?")
_SHOWN: Final = 5


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def python() -> Sequence[Finding]:
        return [_python(), _locked(PROJECT / "requirements.lock")]

    async def robots() -> Sequence[Finding]:
        return [_robot_package(), _browser(around.environ), await _framework(around.environ)]

    async def files() -> Sequence[Finding]:
        return [_files()]

    return [Check(AREA, "python", python), Check(AREA, "robots", robots), Check(AREA, "open files", files)]


def _python() -> Finding:
    return Finding(AREA, "python", State.OK, ".".join(map(str, sys.version_info[:3])))


def _locked(lock: Path) -> Finding:
    """Whether what is installed is what was tested together."""
    name = "dependencies"
    if not lock.is_file():
        return Finding(AREA, name, State.SKIPPED, "no lock file beside the code to compare with")
    wanted = list(_entries(lock.read_text(encoding="utf-8")))
    differing = [text for package, locked, is_optional in wanted if (text := _difference(package, locked, is_optional))]
    if not differing:
        return Finding(AREA, name, State.OK, f"{len(wanted)} as locked")
    missing = any(" is missing" in text for text in differing)
    shown = ", ".join(differing[:_SHOWN]) + (f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else "")
    advice = "Install them as locked: pip install --require-hashes -r requirements.lock"
    return Finding(AREA, name, State.FAILED if missing else State.WARNING, shown, advice)


def _entries(text: str) -> Iterator[tuple[str, str, bool]]:
    """Name, version, and whether it is for some platforms only."""
    for line in text.splitlines():
        if found := _LOCKED.match(line):
            yield found[1], found[2], found[3] is not None


def _difference(package: str, locked: str, is_optional: bool) -> str | None:
    try:
        installed = version(package)
    except PackageNotFoundError:
        return None if is_optional else f"{package} is missing"
    return None if installed == locked else f"{package} {installed} instead of {locked}"


def _robot_package() -> Finding:
    """Robot Framework's package is called `robot` too: whichever comes first on the path hides the other."""
    spec = find_spec("robot.settings")
    try:
        framework = version("robotframework")
    except PackageNotFoundError:
        framework = ""
    advice = (
        "Uninstall it here (pip uninstall robotframework) and keep it in an environment of its own: "
        "pip install --require-hashes -r requirements-robotframework.lock"
    )
    if spec is None:
        return Finding(AREA, "robot package", State.FAILED, "another package named `robot` hides Casare's", advice)
    if framework:
        detail = (
            f"robotframework {framework} is in this environment; its package `robot` and Casare's overwrite each other"
        )
        return Finding(AREA, "robot package", State.FAILED, detail, advice)
    return Finding(AREA, "robot package", State.OK, "Casare's own")


def _browser(environ: Mapping[str, str]) -> Finding:
    """For browser steps; what a robot may be told by its own variable comes first."""
    chosen = environ.get(f"{ROBOT_PREFIX}CHROMIUM")
    if chosen and not os.access(chosen, os.X_OK):
        advice = "Correct the path, or remove the variable: then the first one on the PATH is used."
        return Finding(AREA, "browser", State.FAILED, f"{ROBOT_PREFIX}CHROMIUM: {chosen} cannot be run", advice)
    found = chosen or next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if find_spec("playwright") is None:
        return Finding(AREA, "browser", State.SKIPPED, "playwright is not installed: no browser steps here")
    if found is None:
        return Finding(AREA, "browser", State.SKIPPED, "no Chromium on the path: browser steps need one")
    return Finding(AREA, "browser", State.OK, found)


async def _framework(environ: Mapping[str, str]) -> Finding:
    """An interpreter of its own that has Robot Framework, for robots that run its suites."""
    name = "robot framework"
    chosen = environ.get(f"{ROBOT_PREFIX}FRAMEWORK_PYTHON")
    python = Path(chosen) if chosen else PROJECT / ".venv-robotframework" / "bin" / "python"
    if not chosen and not python.exists():
        return Finding(AREA, name, State.SKIPPED, "no environment of its own: no Robot Framework suites here")
    code = "from importlib.metadata import version; print(version('robotframework'))"
    try:
        process = await asyncio.create_subprocess_exec(
            str(python), "-I", "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        output, _ = await process.communicate()
    except OSError:
        output, is_there = b"", False
    else:
        is_there = process.returncode == 0
    if not is_there:
        advice = "Install it there: pip install --require-hashes -r requirements-robotframework.lock"
        return Finding(AREA, name, State.FAILED, f"{python} has no Robot Framework that can be run", advice)
    return Finding(AREA, name, State.OK, f"{output.decode().strip()} in {python}")


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= ENOUGH_FILES:
        return Finding(
            AREA, "open files", State.OK, "no limit" if soft == resource.RLIM_INFINITY else f"up to {soft:,}"
        )
    highest = "as many as needed" if hard == resource.RLIM_INFINITY else f"up to {hard:,}"
    advice = (
        f"For many robots or streams: `ulimit -n 65536` before the start, or LimitNOFILE= ({highest} allowed here)."
    )
    return Finding(AREA, "open files", State.WARNING, f"{soft:,} per process", advice)
