"""Checks of RabbitMQ: does it take this user, confirm what it is sent, and hold anything back."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import aio_pika
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError
from aiormq.exceptions import ChannelAccessRefused, ProtocolSyntaxError

from cli.doctor.findings import Check, Finding, State, without_credentials
from cli.doctor.surroundings import Surroundings
from cli.operating import shared_subscriptions
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id
from shared.messaging.parked_in_rabbitmq import ParkedInRabbitMQ
from shared.messaging.rabbitmq import until_unblocked

AREA: Final = "rabbitmq"
CONNECT_SECONDS: Final = 2.0
CONFIRM_SECONDS: Final = 2.0
CLOSE_SECONDS: Final = 0.5
OLDEST: Final = (3, 10)
"""Quorum queues with dead-lettering at least once."""
_ALARM: Final = "Free memory or disk on the broker (`rabbitmqctl list_alarms`): until then no event is taken."
_RIGHTS: Final = 'Grant them: rabbitmqctl set_permissions -p VHOST USER ".*" ".*" ".*"'


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def look() -> Sequence[Finding]:
        if not around.amqp_url:
            return [Finding(AREA, "reach", State.SKIPPED, "not used: events stay in the process (no CASARE_AMQP_URL)")]
        return await _of(around)

    async def parked() -> Sequence[Finding]:
        return [await _parked(around)]

    return [Check(AREA, "reach", look), *([Check(AREA, "parked events", parked)] if around.amqp_url else ())]


async def _of(around: Surroundings) -> Sequence[Finding]:
    started = time.monotonic()
    try:
        connection = await aio_pika.connect(around.amqp_url, timeout=CONNECT_SECONDS)
    except ProbableAuthenticationError:
        advice = "Correct user and password in CASARE_AMQP_URL; `guest` may log in from the broker's own machine only."
        return [Finding(AREA, "login", State.FAILED, "the broker refuses this user or password", advice)]
    except ProtocolSyntaxError:
        advice = f"Make it (rabbitmqctl add_vhost), name another one in CASARE_AMQP_URL, or: {_RIGHTS}"
        return [Finding(AREA, "vhost", State.FAILED, "there is no such vhost, or this user may not use it", advice)]
    except TimeoutError:
        advice = "Is it overloaded, is something else at that address, or does a firewall drop what is sent to it?"
        return [Finding(AREA, "reach", State.FAILED, f"no answer within {CONNECT_SECONDS:g} s", advice)]
    except (AMQPError, OSError) as error:
        detail = without_credentials(f"{type(error).__name__}: {error}")
        return [Finding(AREA, "reach", State.FAILED, detail, "Start it, or correct CASARE_AMQP_URL.")]
    took_ms = (time.monotonic() - started) * 1000
    try:
        found = [
            Finding(AREA, "reach", State.OK, f"logged in within {took_ms:.0f} ms"),
            _old_or_not(_version(connection)),
            await _publish(connection, around.settings.amqp_prefix),
        ]
        if found[-1].state is State.OK:
            found.append(await _exchange(connection, around.settings.amqp_prefix))
        return found
    finally:
        await _close(connection)


async def _close(connection: aio_pika.abc.AbstractConnection) -> None:
    """Not for long: a broker with an alarm reads nothing any more, not even a good-bye."""
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.close(), CLOSE_SECONDS)


def _version(connection: Any) -> str:
    properties = getattr(connection.transport.connection, "server_properties", None) or {}
    version = properties.get("version", "")
    return version.decode() if isinstance(version, bytes) else str(version)


def _old_or_not(version: str) -> Finding:
    parts = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    if len(parts) == 2 and tuple(parts) < OLDEST:
        return Finding(AREA, "version", State.FAILED, version, "RabbitMQ 3.10 or newer is needed: upgrade it.")
    return Finding(AREA, "version", State.OK, version or "not told")


async def _publish(connection: aio_pika.abc.AbstractConnection, prefix: str) -> Finding:
    """A message through a queue of its own, which goes with the connection."""
    name = "publish"
    try:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        queue = await channel.declare_queue(f"{prefix}.doctor-{new_id()}", exclusive=True, auto_delete=True)
        sent = time.monotonic()
        await channel.default_exchange.publish(
            aio_pika.Message(b"probe"), routing_key=queue.name, mandatory=True, timeout=CONFIRM_SECONDS
        )
        took_ms = (time.monotonic() - sent) * 1000
        got = await queue.get(no_ack=True, fail=False)
        await channel.close()
    except ChannelAccessRefused as error:
        return Finding(AREA, "permissions", State.FAILED, without_credentials(str(error)), _RIGHTS)
    except TimeoutError:
        is_blocked = await _is_blocked(connection)
        detail = "the broker takes no messages: a memory or disk alarm" if is_blocked else "a probe was not confirmed"
        return Finding(AREA, name, State.FAILED, detail, _ALARM)
    if got is None:
        return Finding(AREA, name, State.FAILED, "a confirmed probe did not arrive", "Look at the broker's log.")
    return Finding(AREA, name, State.OK, f"a probe was confirmed within {took_ms:.1f} ms")


async def _is_blocked(connection: aio_pika.abc.AbstractConnection) -> bool:
    try:
        await asyncio.wait_for(until_unblocked(connection), 0.2)
    except TimeoutError:
        return True
    return False


async def _exchange(connection: aio_pika.abc.AbstractConnection, prefix: str) -> Finding:
    """Whether services have ever been here under this prefix, and may be again."""
    channel = await connection.channel()
    try:
        await channel.get_exchange(f"{prefix}.events")
    except ChannelAccessRefused as error:
        return Finding(AREA, "permissions", State.FAILED, without_credentials(str(error)), _RIGHTS)
    except AMQPError:
        advice = "Services make it at their start. If they run already, CASARE_AMQP_PREFIX or the vhost differs here."
        return Finding(AREA, "exchange", State.WARNING, f"there is no exchange {prefix}.events", advice)
    await channel.close()
    return Finding(AREA, "exchange", State.OK, f"{prefix}.events")


async def _parked(around: Surroundings) -> Finding:
    parked = ParkedInRabbitMQ(around.amqp_url, around.settings.amqp_prefix, shared_subscriptions())
    try:
        queues = await parked.queues()
    except Unavailable:
        return Finding(AREA, "parked events", State.SKIPPED, "the broker cannot be used")
    return parked_finding(AREA, [(each.subscription, each.count) for each in queues])


def parked_finding(area: str, queues: Sequence[tuple[str, int]]) -> Finding:
    """Events that no handler could take: nothing is lost, but somebody has to decide."""
    if not queues:
        return Finding(area, "parked events", State.OK, "none")
    shown = ", ".join(f"{name}: {count}" for name, count in queues)
    advice = "See `casare events parked`; once the cause is mended: `casare events replay --all`."
    return Finding(area, "parked events", State.WARNING, shown, advice)
