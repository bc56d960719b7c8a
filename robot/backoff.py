"""How long to wait before trying again."""

import random


class Backoff:
    """Waits that double up to a cap, each shortened by chance so that robots do not come back in step."""

    def __init__(self, *, first_seconds: float, cap_seconds: float, rng: random.Random) -> None:
        self._first = first_seconds
        self._cap = cap_seconds
        self._rng = rng
        self._failures = 0

    def next_seconds(self, retry_after: float | None = None) -> float:
        """Returns the next wait in seconds: at least what the server asked for, plus up to half of our own wait."""
        whole = min(self._cap, self._first * 2 ** min(self._failures, 30))
        self._failures += 1
        if retry_after is not None:
            return retry_after + self._rng.uniform(0, whole / 2)
        return self._rng.uniform(whole / 2, whole)

    def spread_seconds(self, failures: int) -> float:
        """Returns a wait anywhere up to the whole one after so many failures.

        For reconnecting: a server that restarts loses all its robots at once, and should not get them back so.
        """
        return self._rng.uniform(0, min(self._cap, self._first * 2 ** min(failures, 30)))

    def reset(self) -> None:
        """Starts again from the first wait."""
        self._failures = 0
