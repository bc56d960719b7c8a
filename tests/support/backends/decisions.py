"""What this run of the tests uses for each backend: decided once, shared by all workers."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import msgspec
import pytest

from tests.support.backends.ladder import Decision, Place, Subject
from tests.support.run import ROOT, one_at_a_time, run_directory

_CLIMB_SECONDS: Final = 1800  # installing packages over a slow line included


class ClimbFailed(Exception):
    """Deciding on a backend itself went wrong."""


def decide(subject: Subject) -> Decision:
    """The run's decision; the first caller of the run makes it, the others wait for it. Raises ClimbFailed."""
    decided = run_directory() / f"{subject}.json"
    with one_at_a_time(subject):
        if not decided.exists():
            _climb(subject, str(decided))
        return msgspec.json.decode(decided.read_bytes(), type=Decision)


def need(subject: Subject, environ: Mapping[str, str] = os.environ) -> Place:
    """The backend. Without one, skips the test with the reason; fails it where CI promises to have all of them.

    A URL of the environment that does not answer always fails.
    """
    return required(decide(subject), subject, is_ci=environ.get("CI") == "true")


def required(decision: Decision, subject: str, *, is_ci: bool) -> Place:
    """The place decided on; without one pytest's Skipped, or Failed."""
    if decision.place is not None:
        return decision.place
    reason = f"no {subject} for the tests: {decision.story}"
    if is_ci or decision.is_a_mistake:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _climb(subject: Subject, target: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.backends.climb", subject, target],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_CLIMB_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise ClimbFailed(f"{subject}: {done.stderr}")
