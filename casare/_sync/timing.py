# Made from `casare/_async/timing.py` by `docs/generate_sync_client.py`. Do not edit.
"""Waiting and taking turns, for threads."""

import threading
import time
from typing import TypeVar

T = TypeVar("T")

Lock = threading.Lock
sleep = time.sleep


def take_turn(turn: threading.Lock, within_seconds: float) -> bool:
    """Whether the lock is held now; False when others kept it for so long."""
    return turn.acquire(timeout=min(within_seconds, threading.TIMEOUT_MAX))


def to_its_end(done: T) -> T:
    """What was done: nobody cancels a thread."""
    return done
