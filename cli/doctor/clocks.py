"""Checks of time: leases follow the store's clock, buckets Redis', tokens the machine's; and of time zones."""

import time
import zoneinfo
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from bson.codec_options import CodecOptions
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cli.doctor.findings import Check, Finding, State
from cli.doctor.opening import opened_store
from cli.doctor.surroundings import Surroundings
from shared.kernel.clock import to_ms

AREA: Final = "clock"
WARN_MS: Final = 2_000
FAIL_MS: Final = 60_000
"""Tokens and signatures are refused where clocks differ by more than their leeway."""
_ADVICE: Final = "Keep all machines' clocks in step (chrony or systemd-timesyncd)."
_AWARE: Final = CodecOptions[dict[str, Any]](tz_aware=True)


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def store() -> Sequence[Finding]:
        return [await _store(around)]

    async def redis() -> Sequence[Finding]:
        return [await _redis(around)]

    async def zones() -> Sequence[Finding]:
        return [_zones()]

    return [
        Check(AREA, "store", store),
        *([Check(AREA, "redis", redis)] if around.redis_url else ()),
        Check(AREA, "time zones", zones),
    ]


async def _store(around: Surroundings) -> Finding:
    if not around.mongodb_url:
        return Finding(AREA, "store", State.SKIPPED, "no store to ask")
    async with opened_store(around) as store:
        try:
            await store.client.admin.command("ping")  # connects
            sent_ms = time.time() * 1000
            hello = await store.client.admin.command("hello", codec_options=_AWARE)
            received_ms = time.time() * 1000
        except PyMongoError:
            return Finding(AREA, "store", State.SKIPPED, "the store does not answer")
    return judged("store", to_ms(hello["localTime"]) - (sent_ms + received_ms) / 2, (received_ms - sent_ms) / 2)


async def _redis(around: Surroundings) -> Finding:
    client = Redis.from_url(around.redis_url, socket_connect_timeout=2, socket_timeout=2, retry=None)
    async with client:
        try:
            await client.time()  # connects
            sent_ms = time.time() * 1000
            seconds, microseconds = await client.time()
            received_ms = time.time() * 1000
        except (RedisError, OSError):
            return Finding(AREA, "redis", State.SKIPPED, "Redis does not answer")
    offset_ms = int(seconds) * 1000 + int(microseconds) / 1000 - (sent_ms + received_ms) / 2
    return judged("redis", offset_ms, (received_ms - sent_ms) / 2)


def judged(name: str, offset_ms: float, uncertainty_ms: float) -> Finding:
    """What an offset to this machine's clock means."""
    ahead = "ahead of" if offset_ms >= 0 else "behind"
    detail = f"{abs(offset_ms):.0f} ms {ahead} this machine (± {uncertainty_ms:.0f} ms)"
    certain = abs(offset_ms) - uncertainty_ms
    if certain > FAIL_MS:
        return Finding(AREA, name, State.FAILED, detail, _ADVICE)
    if certain > WARN_MS:
        return Finding(AREA, name, State.WARNING, detail, _ADVICE)
    return Finding(AREA, name, State.OK, detail)


def _zones() -> Finding:
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except zoneinfo.ZoneInfoNotFoundError:
        advice = "Install the locked dependencies again: tzdata is among them."
        return Finding(AREA, "time zones", State.FAILED, "there are no time zones here", advice)
    try:
        package = f"package {version('tzdata')}"
    except PackageNotFoundError:
        package = "no package"
    return Finding(AREA, "time zones", State.OK, f"{_of_the_system() or 'none of the system'}, {package}")


def _of_the_system() -> str | None:
    """The version of the system's data, which comes before the package's."""
    for folder in zoneinfo.TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="ascii") as data:
                first = data.readline()
        except (OSError, ValueError):
            continue
        if first.startswith("# version "):
            return f"system {first.removeprefix('# version ').strip()}"
    return None
