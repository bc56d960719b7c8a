"""The store's clock: the one clock that all replicas agree on.

A replica whose own clock is minutes off must not end other replicas' leases (faults 29). The offset to the store is
measured by `hello` and followed; between measurements the machine's monotonic time carries on.
"""

import time
from typing import Any, Final

from bson.codec_options import CodecOptions

from shared.kernel.clock import Clock, to_ms
from shared.storage.mongo import Store, translate_errors

SYNC_EVERY_SECONDS: Final = 30.0
GOOD_ROUND_TRIP_MS: Final = 100
"""Half of it is how far off a measurement may be; a slower answer counts only when there is no better one."""
LONGEST_STAND_MS: Final = 5_000
"""A clock found further ahead than this steps back rather than stand still for so long."""
_AWARE: Final = CodecOptions[dict[str, Any]](tz_aware=True)


class StoreClock:
    """`Clock` that follows the store's; before the first measurement it is the machine's.

    Small corrections never turn it back: where it is found to be ahead, it stands until the store has caught up.
    """

    def __init__(self, machine: Clock) -> None:
        self._base_ms = machine.now_ms()
        self._base_monotonic = time.monotonic()
        self._latest_ms = 0
        self._best_round_trip_ms = float("inf")

    def now_ms(self) -> int:
        self._latest_ms = max(self._latest_ms, self._measured_ms())
        return self._latest_ms

    async def sync(self, store: Store) -> None:
        """Measure the offset once. Raises `Unavailable`."""
        sent = time.monotonic()
        with translate_errors():
            reply = await store.client.admin.command("hello", codec_options=_AWARE)
        received = time.monotonic()
        round_trip_ms = (received - sent) * 1000
        if round_trip_ms > max(GOOD_ROUND_TRIP_MS, self._best_round_trip_ms):
            return
        self._best_round_trip_ms = min(self._best_round_trip_ms, round_trip_ms)
        self._base_ms = to_ms(reply["localTime"])
        self._base_monotonic = (sent + received) / 2
        if self._latest_ms - self._measured_ms() > LONGEST_STAND_MS:
            self._latest_ms = 0

    def _measured_ms(self) -> int:
        return self._base_ms + int((time.monotonic() - self._base_monotonic) * 1000)
