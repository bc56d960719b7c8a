"""`GET /events`: everything that happens in the tenant, for `curl -N` and browsers' `EventSource`."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Header, Query
from pydantic import StringConstraints
from starlette.responses import Response

from services.metrics.api.live_socket import Frames
from services.metrics.api.sse_response import Bounds, EventStreamResponse
from services.metrics.api.stream_figures import StreamFigures
from services.metrics.api.streams import LARGEST_SINCE
from services.metrics.domain.activity import public_event_type
from services.metrics.domain.event_text import Choice
from services.metrics.use_cases.live.follow_events import FollowEvents
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid
from shared.kernel.identity import Identity
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter

LONGEST_WAIT_SECONDS: Final = 86_400
MOST_TYPES: Final = 50
OF_ROBOTS: Final = ("job_", "robot_")
"""What a robot's key is shown: no users, keys or audits of the tenant."""

_EXAMPLE: Final = """\
id: 41
event: hello
data: {"seq":41,"timestamp":"2025-01-15T10:31:20.000Z"}

id: 42
event: job_completed
data: {"seq":42,"event_type":"job_completed","timestamp":"2025-01-15T10:31:30.000Z","version":5,\
"data":{"job_id":"job-12345","workflow_name":"Invoice Processing","status":"completed","duration_ms":45000}}

"""
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The events as they happen, until the client or the service ends the stream.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}

Since = Annotated[
    int | None, Query(ge=0, le=LARGEST_SINCE, description="go on after the event of this number: the last one seen")
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=20,
        pattern=r"^[0-9]{1,14}$",
        description="the same as `since`, over which it wins: what `EventSource` sends by itself",
    ),
]
Types = Annotated[
    str | None,
    StringConstraints(min_length=1, max_length=1_000, pattern=r"^[a-z0-9_.,]+$"),
    Query(description="only events of these types, separated by commas, such as job_completed,job_failed"),
]
Limit = Annotated[int | None, Query(ge=1, le=100_000, description="end the stream after so many events")]
WaitSeconds = Annotated[
    int | None,
    Query(
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="end the stream after so many seconds, but not before what was missed is sent; 0 waits for nothing",
    ),
]


def build_event_router(follow_events: FollowEvents, figures: StreamFigures, clock: Clock) -> ContractRouter:
    """The route over its use case."""
    router = ContractRouter(tag="metrics")

    @router.endpoint(
        "GET",
        "/events",
        summary="Everything that happens, live",
        permission=Permission.ROBOT_OR_READ,
        status_code=200,
        response_class=EventStreamResponse,
        responses=_ANSWER,
    )
    async def events(
        caller: Caller,
        since: Since = None,
        last_event_id: LastEventId = None,
        types: Types = None,
        limit: Limit = None,
        wait_seconds: WaitSeconds = None,
    ) -> Response:
        """The tenant's events as Server-Sent Events: one for each line of `GET /metrics/activity`, as it happens.

        The first one is `hello` with the number of the last event. With `since`, `resumed` follows and says whether
        everything after that number is still retained, and then what was missed. Each event's `id` is what to come
        back with. A comment every 15 seconds keeps the connection alive. A client that does not read fast enough is
        disconnected, and so is one whose token expires. Robots' keys see the events of jobs and robots.
        """
        choice = choice_of(caller, types)
        after = since if last_event_id is None else int(last_event_id)
        n_opening = 1 if after is None else 2
        bounds = Bounds(
            most_blocks=math.inf if limit is None else limit + n_opening,
            wait_seconds=math.inf if wait_seconds is None else wait_seconds,
            lifetime_seconds=_lifetime_seconds(caller, clock.now_ms()),
        )
        return EventStreamResponse(_following(follow_events, caller.tenant_id, after, choice), figures, bounds)

    return router


def choice_of(caller: Identity, types: str | None) -> Choice:
    """The events that the caller wants and may see. Raises `Invalid`."""
    prefixes = OF_ROBOTS if caller.kind == "robot" else ("",)
    if types is None:
        return Choice(None, prefixes)
    wanted = frozenset(public_event_type(name) for name in types.split(",") if name)
    if not 1 <= len(wanted) <= MOST_TYPES:
        raise Invalid.field("types", f"must name 1 to {MOST_TYPES} types of events")
    return Choice(wanted, prefixes)


def _following(
    follow_events: FollowEvents, tenant_id: str, since: int | None, choice: Choice
) -> Callable[[Subscriber], Frames]:
    return lambda subscriber: follow_events(tenant_id=tenant_id, since=since, choice=choice, subscriber=subscriber)


def _lifetime_seconds(caller: Identity, now_ms: int) -> float:
    """How long the caller's token is good for; a key has no such time."""
    if caller.token_expires_ms == 0:
        return LONGEST_WAIT_SECONDS
    return max(0.0, (caller.token_expires_ms - now_ms) / 1000)
