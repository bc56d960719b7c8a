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
MAX_ROUND_TRIP_MS: Final = 500
"""A slower answer says too little about what time it is."""

_AWARE: Final = CodecOptions[dict[str, Any]](tz_aware=True)


class StoreClock:
    """`Clock` that follows the store's; before the first measurement it is the machine's."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._base_ms = machine.now_ms()
        self._base_monotonic = time.monotonic()

    def now_ms(self) -> int:
        return self._base_ms + int((time.monotonic() - self._base_monotonic) * 1000)

    async def sync(self, store: Store) -> None:
        """Measure the offset once. Raises `Unavailable`."""
        sent = time.monotonic()
        with translate_errors():
            reply = await store.client.admin.command("hello", codec_options=_AWARE)
        received = time.monotonic()
        if (received - sent) * 1000 <= MAX_ROUND_TRIP_MS and "localTime" in reply:
            self._base_ms = to_ms(reply["localTime"])
            self._base_monotonic = (sent + received) / 2
