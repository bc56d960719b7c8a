"""The routes and sockets the gateway relays, with what each needs. Others cannot be reached from outside."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gateway.rate_limits import Limit
from shared.web.routes import API_PREFIX


class Access(StrEnum):
    """Whether a route needs a credential. Which permission it needs is the service's to check."""

    PUBLIC = "public"
    """A credential is ignored."""
    AUTHENTICATED = "authenticated"
    """A valid credential is needed."""


class BodySize(StrEnum):
    """Which cap and time limit a route's request bodies have."""

    ORDINARY = "ordinary"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class Route:
    """One relayed endpoint. `limit` None: the route is limited elsewhere (login by its lockout)."""

    method: str
    path: str
    """The template as the service declares it, `/api/v1/jobs/{job_id}`."""
    upstream: str
    limit: Limit | None
    access: Access = Access.AUTHENTICATED
    body: BodySize = BodySize.ORDINARY
    audited_by_service: bool = False
    """The service itself keeps in the audit whom it refuses: it knows more about them."""
    ends_session: bool = False
    """A 200 answer means that the caller's session is over."""
    streams: bool = False
    """The answer goes on for as long as the client listens and its credential is good (Server-Sent Events)."""


class SocketKind(StrEnum):
    """Who is at the other end of a WebSocket, which decides how many they may have and what they may send."""

    ROBOT = "robot"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """One relayed WebSocket at one public path. Each connection attempt takes a token from `limit`'s bucket."""

    path: str
    """The template under which clients find it."""
    upstream: str
    target: str
    """The template as the service declares it; a parameter is its last segment, as it is the last of `path`."""
    limit: Limit | None
    kind: SocketKind

    @property
    def method(self) -> str:
        """What a handshake is for HTTP (RFC 6455 4.1)."""
        return "GET"


# Categories of the contract's table, shared by the endpoints that state no limit of their own.
_AUTHENTICATION: Final = Limit("authentication", 5)
_LIST: Final = Limit("list", 100)
_DETAIL: Final = Limit("detail", 200)
_JOB_OPERATIONS: Final = Limit("job-operations", 60)
"""Also every other change that the table does not name."""


def _own(name: str, per_minute: int) -> Limit:
    """A limit stated by the endpoint itself, with a bucket of its own (clarifications 9)."""
    return Limit(name, per_minute)


_AUTH: Final = (
    Route("POST", "/auth/login", "auth", None, Access.PUBLIC, audited_by_service=True),
    Route("POST", "/auth/refresh", "auth", _AUTHENTICATION, Access.PUBLIC),
    Route("POST", "/auth/logout", "auth", _DETAIL, ends_session=True),
    Route("GET", "/auth/me", "auth", _DETAIL),
    Route("POST", "/auth/password", "auth", _own("password", 5)),
    Route("POST", "/users", "auth", _JOB_OPERATIONS),
    Route("GET", "/users", "auth", _LIST),
    Route("GET", "/users/{user_id}", "auth", _DETAIL),
    Route("PUT", "/users/{user_id}", "auth", _JOB_OPERATIONS),
    Route("DELETE", "/users/{user_id}", "auth", _JOB_OPERATIONS),
    Route("POST", "/tenants", "auth", _JOB_OPERATIONS),
    Route("GET", "/tenants", "auth", _LIST),
    Route("GET", "/tenants/{tenant_id}", "auth", _DETAIL),
    Route("PUT", "/tenants/{tenant_id}", "auth", _JOB_OPERATIONS),
    Route("PUT", "/tenants/{tenant_id}/members/{user_id}", "auth", _JOB_OPERATIONS),
    Route("DELETE", "/tenants/{tenant_id}/members/{user_id}", "auth", _JOB_OPERATIONS),
    Route("POST", "/robot-api-keys", "auth", _JOB_OPERATIONS),
    Route("GET", "/robot-api-keys", "auth", _LIST),
    Route("GET", "/robot-api-keys/{key_id}", "auth", _DETAIL),
    Route("POST", "/robot-api-keys/{key_id}/rotate", "auth", _JOB_OPERATIONS),
    Route("POST", "/robot-api-keys/{key_id}/revoke", "auth", _JOB_OPERATIONS),
    Route("GET", "/audit", "auth", _LIST),
    Route("GET", "/audit/verify", "auth", _own("audit-verify", 20)),
)
_WORKFLOWS: Final = (
    Route("POST", "/workflows", "workflows", _JOB_OPERATIONS, body=BodySize.WORKFLOW),
    Route("POST", "/workflows/upload", "workflows", _JOB_OPERATIONS, body=BodySize.WORKFLOW),
    Route("GET", "/workflows", "workflows", _LIST),
    Route("GET", "/workflows/{workflow_id}", "workflows", _DETAIL),
    Route("POST", "/workflows/{workflow_id}/webhooks", "workflows", _JOB_OPERATIONS),
    Route("GET", "/workflows/{workflow_id}/webhooks", "workflows", _LIST),
    Route("DELETE", "/workflows/{workflow_id}/webhooks/{webhook_id}", "workflows", _JOB_OPERATIONS),
    Route("POST", "/webhooks/{token}", "workflows", _JOB_OPERATIONS, Access.PUBLIC),
    Route("POST", "/jobs", "workflows", _JOB_OPERATIONS),
    Route("POST", "/jobs/batch", "workflows", _JOB_OPERATIONS, body=BodySize.WORKFLOW),
    Route("PUT", "/workflows/{workflow_id}", "workflows", _JOB_OPERATIONS, body=BodySize.WORKFLOW),
    Route("DELETE", "/workflows/{workflow_id}", "workflows", _JOB_OPERATIONS),
    Route("GET", "/workflows/{workflow_id}/versions", "workflows", _LIST),
)
_DISPATCHER: Final = (
    Route("POST", "/robots/register", "dispatcher", _own("robot-register", 30)),
    Route("GET", "/robots", "dispatcher", _own("robot-list", 100)),
    Route("GET", "/robots/{robot_id}", "dispatcher", _own("robot-detail", 200)),
    Route("PUT", "/robots/{robot_id}", "dispatcher", _own("robot-update", 60)),
    Route("PUT", "/robots/{robot_id}/status", "dispatcher", _own("robot-status", 120)),
    Route("POST", "/robots/{robot_id}/commands", "dispatcher", _own("robot-commands", 60)),
    Route("DELETE", "/robots/{robot_id}", "dispatcher", _own("robot-delete", 30)),
    Route("POST", "/robots/{robot_id}/heartbeat", "dispatcher", _own("heartbeat", 600)),
    Route("POST", "/jobs/claim", "dispatcher", _own("claim", 120)),
    Route("POST", "/jobs/{job_id}/complete", "dispatcher", _own("complete", 120)),
    Route("POST", "/jobs/{job_id}/fail", "dispatcher", _own("fail", 120)),
    Route("POST", "/jobs/{job_id}/release", "dispatcher", _own("release", 120)),
    Route("POST", "/jobs/{job_id}/extend-lease", "dispatcher", _own("extend-lease", 240)),
    Route("PUT", "/jobs/{job_id}/progress", "dispatcher", _own("progress", 600)),
    Route("POST", "/jobs/{job_id}/cancel", "dispatcher", _own("cancel", 60)),
    Route("POST", "/jobs/{job_id}/retry", "dispatcher", _own("retry", 30)),
    Route("GET", "/jobs", "dispatcher", _LIST),
    Route("GET", "/jobs/{job_id}", "dispatcher", _DETAIL),
    Route("GET", "/jobs/{job_id}/explain", "dispatcher", _DETAIL),
    Route("GET", "/dlq", "dispatcher", _LIST),
    Route("GET", "/dlq/stats", "dispatcher", _LIST),
    Route("POST", "/dlq/{job_id}/retry", "dispatcher", _JOB_OPERATIONS),
    Route("DELETE", "/dlq/{job_id}", "dispatcher", _JOB_OPERATIONS),
    Route("POST", "/dlq/purge", "dispatcher", _JOB_OPERATIONS),
    Route("POST", "/jobs/{job_id}/logs", "dispatcher", _own("job-logs", 600)),
    Route("GET", "/jobs/{job_id}/logs", "dispatcher", _DETAIL),
)
_SCHEDULER: Final = (
    Route("POST", "/schedules", "scheduler", _JOB_OPERATIONS),
    Route("GET", "/schedules", "scheduler", _LIST),
    Route("GET", "/schedules/upcoming", "scheduler", _LIST),
    Route("GET", "/schedules/{schedule_id}", "scheduler", _DETAIL),
    Route("PUT", "/schedules/{schedule_id}/enable", "scheduler", _JOB_OPERATIONS),
    Route("PUT", "/schedules/{schedule_id}/disable", "scheduler", _JOB_OPERATIONS),
    Route("PUT", "/schedules/{schedule_id}/trigger", "scheduler", _JOB_OPERATIONS),
    Route("DELETE", "/schedules/{schedule_id}", "scheduler", _JOB_OPERATIONS),
)
_METRICS: Final = (
    Route("GET", "/metrics/fleet", "metrics", _own("metrics-fleet", 100)),
    Route("GET", "/metrics/robots", "metrics", _own("metrics-robots", 100)),
    Route("GET", "/metrics/robots/{robot_id}", "metrics", _own("metrics-robot", 200)),
    Route("GET", "/metrics/jobs", "metrics", _own("metrics-jobs", 50)),
    Route("GET", "/metrics/jobs/{job_id}", "metrics", _own("metrics-job", 200)),
    Route("GET", "/metrics/analytics", "metrics", _own("metrics-analytics", 20)),
    Route("GET", "/metrics/activity", "metrics", _own("metrics-activity", 60)),
    Route("POST", "/metrics/rebuild", "metrics", _JOB_OPERATIONS),
    Route("GET", "/metrics/rebuild", "metrics", _DETAIL),
    Route("GET", "/metrics/prometheus", "metrics", _LIST, Access.PUBLIC),
    Route("GET", "/events", "metrics", _own("events", 60), streams=True),
)


def all_routes() -> Iterator[Route]:
    """Every relayed route, its path with the public prefix."""
    for route in (*_AUTH, *_WORKFLOWS, *_DISPATCHER, *_SCHEDULER, *_METRICS):
        yield replace(route, path=f"{API_PREFIX}{route.path}")


_ROBOT_CONNECTIONS: Final = Limit("robot-socket", 2000)
"""A whole fleet may share one enrolment key, and connects anew all at once when a gateway restarts."""
_STREAM_CONNECTIONS: Final = Limit("stream-socket", 120)

_STREAMS: Final = ("live-jobs", "robot-status", "queue-metrics", "metrics/stream")


def all_sockets() -> Iterator[SocketRoute]:
    """Every relayed WebSocket: each is also found without the prefix, and streams also under `monitoring`."""
    robot = f"{API_PREFIX}/ws/robot/{{robot_id}}"
    for prefix in ("", API_PREFIX):
        yield SocketRoute(f"{prefix}/ws/robot/{{robot_id}}", "dispatcher", robot, _ROBOT_CONNECTIONS, SocketKind.ROBOT)
        for stream in _STREAMS:
            target = f"{API_PREFIX}/ws/{stream}"
            for folder in ("/ws", "/ws/monitoring"):
                yield SocketRoute(
                    f"{prefix}{folder}/{stream}", "metrics", target, _STREAM_CONNECTIONS, SocketKind.STREAM
                )
