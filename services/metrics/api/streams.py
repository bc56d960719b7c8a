"""The WebSockets of the live streams, below `/api/v1/ws`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket

from services.metrics.api.live_socket import Follow, Frames, LiveSocket
from services.metrics.api.stream_figures import StreamFigures
from services.metrics.domain.frames import ErrorFrame, encoded
from services.metrics.use_cases.live.follow_figures import (
    DEFAULT_INTERVAL,
    LONGEST_INTERVAL,
    SHORTEST_INTERVAL,
    FollowFigures,
)
from services.metrics.use_cases.live.follow_jobs import FollowJobs
from services.metrics.use_cases.live.follow_queue import FollowQueue
from services.metrics.use_cases.live.follow_robots import FollowRobots
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.kernel.clock import Clock, iso_utc
from shared.kernel.errors import CasareError, Invalid
from shared.kernel.identity import ANONYMOUS, Identity
from shared.kernel.permissions import Permission
from shared.web.close_codes import CloseCode, reason_of
from shared.web.routes import API_PREFIX

PERMISSION: Final = Permission.ROBOT_OR_READ
"""Keys of robots may follow their tenant, too (beyond.md)."""
PATHS: Final = {
    "live-jobs": f"{API_PREFIX}/ws/live-jobs",
    "robot-status": f"{API_PREFIX}/ws/robot-status",
    "queue-metrics": f"{API_PREFIX}/ws/queue-metrics",
    "metrics": f"{API_PREFIX}/ws/metrics/stream",
}
LARGEST_SINCE: Final = 10**14 - 1


@dataclass(frozen=True, slots=True)
class Streams:
    """What the sockets follow."""

    jobs: FollowJobs
    robots: FollowRobots
    queue: FollowQueue
    figures: FollowFigures


Choose = Callable[[WebSocket, Identity], Follow]
"""The stream that the caller asks for; raises `Invalid` for a parameter."""


def build_stream_router(streams: Streams, figures: StreamFigures, clock: Clock) -> APIRouter:
    """The four sockets."""

    def jobs(socket: WebSocket, caller: Identity) -> Follow:
        since = since_of(socket)
        return lambda subscriber: streams.jobs(tenant_id=caller.tenant_id, since=since, subscriber=subscriber)

    def robots(socket: WebSocket, caller: Identity) -> Follow:
        since = since_of(socket)
        return lambda subscriber: streams.robots(tenant_id=caller.tenant_id, since=since, subscriber=subscriber)

    def queue(socket: WebSocket, caller: Identity) -> Follow:
        since = since_of(socket)
        return lambda subscriber: streams.queue(tenant_id=caller.tenant_id, since=since, subscriber=subscriber)

    def metrics(socket: WebSocket, caller: Identity) -> Follow:
        since, interval = since_of(socket), interval_of(socket)

        def follow(subscriber: Subscriber) -> Frames:
            return streams.figures(
                tenant_id=caller.tenant_id, since=since, interval_seconds=interval, subscriber=subscriber
            )

        return follow

    router = APIRouter()
    choices: dict[str, Choose] = {"live-jobs": jobs, "robot-status": robots, "queue-metrics": queue, "metrics": metrics}
    for stream, choose in choices.items():
        router.add_api_websocket_route(PATHS[stream], _endpoint(stream, choose, figures, clock))
    return router


def _endpoint(
    stream: str, choose: Choose, figures: StreamFigures, clock: Clock
) -> Callable[[WebSocket], Awaitable[None]]:
    async def endpoint(websocket: WebSocket) -> None:
        caller: Identity = websocket.scope["state"].get("identity", ANONYMOUS)
        await websocket.accept()
        try:
            if caller.kind == "anonymous":
                await _refuse(
                    websocket, clock, CloseCode.AUTHENTICATION_FAILED, "CREDENTIAL_MISSING", "A credential is needed."
                )
                return
            caller.require(PERMISSION)
            follow = choose(websocket, caller)
        except Invalid as error:
            await _refuse(websocket, clock, CloseCode.POLICY_VIOLATION, error.code, error.detail)
        except CasareError as error:
            await _refuse(websocket, clock, CloseCode.FORBIDDEN, error.code, error.detail)
        else:
            await LiveSocket(websocket, stream, figures, clock).hold(follow)

    return endpoint


async def _refuse(socket: WebSocket, clock: Clock, close_code: CloseCode, code: str, message: str) -> None:
    """Say in a frame what is wrong, which clients show sooner than a close code."""
    error = ErrorFrame(seq=0, timestamp=iso_utc(clock.now_ms()), code=code, message=message)
    await socket.send_text(encoded(error).text)
    await socket.close(close_code, reason_of(message))


def since_of(socket: WebSocket) -> int | None:
    """The number after which the client goes on; None from a new one. Raises `Invalid`."""
    return _number(socket, "since", 0, LARGEST_SINCE, None)


def interval_of(socket: WebSocket) -> int:
    """Seconds between two frames of figures. Raises `Invalid`."""
    interval = _number(socket, "interval", SHORTEST_INTERVAL, LONGEST_INTERVAL, DEFAULT_INTERVAL)
    assert interval is not None
    return interval


def _number(socket: WebSocket, name: str, least: int, most: int, default: int | None) -> int | None:
    text = socket.query_params.get(name)
    if text is None:
        return default
    if (
        not text.isascii()
        or not text.isdigit()
        or len(text) > len(str(LARGEST_SINCE))
        or not least <= int(text) <= most
    ):
        raise Invalid.field(name, f"must be a whole number from {least} to {most}")
    return int(text)
