"""A server that answers as the API does, as far as the `casare` command can tell."""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

PASSWORD: Final = "correct horse"
WORKFLOW_ID: Final = "018f0000-0000-7000-8000-000000000001"
JOB_ID: Final = "018f0000-0000-7000-8000-000000000002"
SCHEDULE_ID: Final = "018f0000-0000-7000-8000-000000000003"
API_KEY: Final = "crpa_abc_s3cr3t"

Answer = Callable[[Request], Awaitable[Response]]


@dataclass
class Recorded:
    """One request, as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    params: dict[str, str]
    body: Any


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """An error as the API words it."""
    content = {"type": "about:blank", "title": "", "status": status, "detail": detail, "instance": "", **more}
    content = {"code": "CODE", "request_id": "req-1", **content}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def job(status: str, **more: Any) -> dict[str, Any]:
    """A job as `GET /jobs/{id}` shows it."""
    return {
        "job_id": JOB_ID,
        "workflow_id": WORKFLOW_ID,
        "workflow_name": "Check invoices",
        "workflow_version": 1,
        "status": status,
        "priority": 10,
        "robot_id": "robot-1",
        "attempt": 1,
        "max_attempts": 3,
        "progress": 0,
        "current_node": None,
        "message": None,
        "result": None,
        "error_message": None,
        "error_type": None,
        "failed_node": None,
        "created_at": "2026-11-20T10:00:00Z",
        "started_at": None,
        "completed_at": None,
        "duration_ms": None,
        **more,
    }


@dataclass
class FakeApi:
    """What it holds, what it was asked, and how it is made to fail."""

    url: str
    requests: list[Recorded] = field(default_factory=list)
    expires_in: int = 3600
    access: set[str] = field(default_factory=set)
    refresh: str | None = None
    n_reused: int = 0
    states: list[dict[str, Any]] = field(default_factory=lambda: [job("completed", progress=100)])
    """What each look at the job finds; the last one stays."""
    failing: dict[str, list[Response | None]] = field(default_factory=dict)
    """Answers given first, by path; None: work as usual."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What paths answer instead of the usual."""
    renewing: threading.Event = field(default_factory=threading.Event)
    may_renew: threading.Event = field(default_factory=threading.Event)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _created: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.may_renew.set()

    def asked(self, method: str, path: str) -> list[Recorded]:
        """The requests of that kind, in order."""
        return [one for one in self.requests if (one.method, one.path) == (method, path)]

    def end_all_sessions(self) -> None:
        """As when an administrator revokes them."""
        self.access.clear()
        self.refresh = None

    async def record(self, request: Request) -> Response | None:
        """Notes the request; the failure planned for it."""
        path = request.scope["path"].removeprefix("/api/v1")
        body = await request.json() if await request.body() else None
        self.requests.append(Recorded(request.method, path, dict(request.headers), dict(request.query_params), body))
        planned = self.failing.get(path)
        return planned.pop(0) if planned else None

    def tokens(self) -> JSONResponse:
        number = next(self._numbers)
        self.access = {f"access-{number}"}
        self.refresh = f"refresh-{number}"
        content = {"access_token": f"access-{number}", "refresh_token": self.refresh, "token_type": "bearer"}
        return JSONResponse({**content, "expires_in": self.expires_in})

    async def login(self, request: Request) -> Response:
        body = await request.json()
        if (body["username"], body["password"]) != ("admin", PASSWORD):
            return problem(401, "Invalid credentials.")
        return self.tokens()

    async def renew(self, request: Request) -> Response:
        """A spent token revokes the family (clarifications 6)."""
        if (await request.json())["refresh_token"] != self.refresh:
            self.n_reused += 1
            self.end_all_sessions()
            return problem(401, "The refresh token is expired or invalid.")
        answer = self.tokens()
        self.renewing.set()
        await asyncio.to_thread(self.may_renew.wait, 10)
        return answer

    async def logout(self, request: Request) -> Response:
        self.end_all_sessions()
        return JSONResponse({"message": "Successfully logged out"})

    async def submit(self, request: Request) -> Response:
        return self.create(request, {"workflow_id": WORKFLOW_ID, "job_id": JOB_ID, "schedule_id": None})

    def create(self, request: Request, content: dict[str, Any]) -> Response:
        """One creation per Idempotency-Key (clarifications 15)."""
        kept = self._created.setdefault(request.headers["idempotency-key"], {**content, "message": "Submitted"})
        return JSONResponse(kept)

    @property
    def n_created(self) -> int:
        """How many things were created."""
        return len(self._created)

    async def look(self, request: Request) -> Response:
        if request.path_params["job_id"] != JOB_ID:
            return problem(404, f"Job {request.path_params['job_id']} not found")
        return JSONResponse(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    async def cancel(self, request: Request) -> Response:
        before = self.states[-1]["status"]
        cancelled = before in ("pending", "claimed", "running")
        message = "Job cancelled successfully" if cancelled else f"Job already {before}, cannot cancel"
        if cancelled:
            self.states = [job("cancelled")]
        return JSONResponse({"job_id": JOB_ID, "cancelled": cancelled, "previous_status": before, "message": message})

    async def make_key(self, request: Request) -> Response:
        key = {
            "id": "abc",
            "robot_id": "r1",
            "key_name": "r1",
            "status": "active",
            "created_at": "2026-11-20T10:00:00Z",
        }
        return self.create(request, {"api_key": API_KEY, "key": key})

    async def make_schedule(self, request: Request) -> Response:
        body = await request.json()
        return self.create(request, {"schedule_id": SCHEDULE_ID, "next_run": "2026-11-24T09:00:00Z", **body})

    async def anything_else(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/api/v1")
        if path not in self.answers:
            return problem(404, "There is no such route.", code="ROUTE_NOT_FOUND")
        return JSONResponse(self.answers[path])

    def app(self) -> Starlette:
        """The routes."""
        public = {"/auth/login": self.login, "/auth/refresh": self.renew}
        private = {
            ("POST", "/auth/logout"): self.logout,
            ("POST", "/workflows"): self.submit,
            ("GET", "/jobs/{job_id}"): self.look,
            ("POST", "/jobs/{job_id}/cancel"): self.cancel,
            ("POST", "/robot-api-keys"): self.make_key,
            ("POST", "/schedules"): self.make_schedule,
        }
        routes = [Route(path, self._recorded(answer), methods=["POST"]) for path, answer in public.items()]
        routes += [
            Route(path, self._recorded(self._guarded(answer)), methods=[method])
            for (method, path), answer in private.items()
        ]
        routes.append(
            Route(
                "/{path:path}",
                self._recorded(self._guarded(self.anything_else)),
                methods=["GET", "POST", "PUT", "DELETE"],
            )
        )
        return Starlette(routes=[Mount("/api/v1", routes=routes)])

    def _recorded(self, answer: Answer) -> Answer:
        async def endpoint(request: Request) -> Response:
            return await self.record(request) or await answer(request)

        return endpoint

    def _guarded(self, answer: Answer) -> Answer:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
                return problem(401, "The access token is expired or invalid.")
            return await answer(request)

        return endpoint
