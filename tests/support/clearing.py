"""Removing what a run has registered as its leftovers."""

import shutil
from pathlib import Path

import msgspec

from tests.support.backends.containers import Container
from tests.support.backends.rabbitmq_spaces import Vhost
from tests.support.backends.redis_spaces import RedisKeys
from tests.support.backends.stores import Databases
from tests.support.leftovers import Leftover, Process, notes_in


def clear_up(run_directory: Path) -> list[str]:
    """Removes every leftover and the run's folder; returns one line for each thing it could not remove."""
    failures = []
    for leftover in registered(run_directory):
        try:
            leftover.remove()
        except Exception as error:  # noqa: BLE001 - one stubborn thing must not save the others; it is reported
            failures.append(f"{leftover.label}: {error!r}")
    try:
        shutil.rmtree(run_directory)
    except OSError as error:
        failures.append(f"{run_directory}: {error}")
    return failures


def registered(run_directory: Path) -> list[Leftover]:
    """All that is noted, in the order in which to remove it: first what lives inside servers, then the servers."""
    found: list[Leftover] = []
    for path in notes_in(run_directory).glob("*.json"):
        try:
            note = path.read_bytes()
        except FileNotFoundError:
            continue  # removed by its maker a moment ago
        found.append(msgspec.json.decode(note, type=Process | Vhost | RedisKeys | Databases | Container))
    return sorted(found, key=lambda leftover: not leftover.in_a_server)
