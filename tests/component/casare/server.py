"""A server of which a test says how it answers, and that keeps what it was asked."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Json | None

    @property
    def token(self) -> str | None:
        """The bearer token."""
        return self.headers.get("authorization", "").removeprefix("Bearer ") or None


@dataclass
class ScriptedServer:
    """Answers in turn what was prepared, and else what `answer` says; tokens are checked unless `tokens` is None."""

    answer: Callable[[Asked], Response] = lambda _asked: JSONResponse({})
    prepared: deque[Response | None] = field(default_factory=deque)
    """None: the connection is cut after the request was read."""
    asked: list[Asked] = field(default_factory=list)
    tokens: set[str] | None = None
    refreshes: list[str] = field(default_factory=list)
    spent: set[str] = field(default_factory=set)
    expires_in: int = 3600
    latency_seconds: float = 0.0
    refused_logins: int = 0
    """How many logins and renewals are still answered 503."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        asked = await _asked(request)
        response = await self._response(asked)
        if response is None:
            await _cut(send)
            return
        await response(scope, receive, send)

    def calls(self, path: str) -> list[Asked]:
        """What was asked at a path below the API's prefix."""
        return [asked for asked in self.asked if asked.path == path]

    async def _response(self, asked: Asked) -> Response | None:
        if asked.path in ("/auth/login", "/auth/refresh"):
            return await self._new_tokens(asked)
        self.asked.append(asked)
        if self.tokens is not None and asked.token not in self.tokens:
            return problem(401, "INVALID_TOKEN")
        return self.prepared.popleft() if self.prepared else self.answer(asked)

    async def _new_tokens(self, asked: Asked) -> Response:
        """As the real one: a refresh token works once."""
        assert asked.body is not None
        self.asked.append(asked)
        if self.refused_logins:
            self.refused_logins -= 1
            return problem(503, "STORE_UNAVAILABLE", retry_after="0")
        used = asked.body.get("refresh_token")
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        if used is not None:
            self.refreshes.append(used)
            if used in self.spent:
                return problem(401, "INVALID_REFRESH_TOKEN")
            self.spent.add(used)
        number = len(self.calls("/auth/login")) * 100 + len(self.refreshes)
        self.tokens = {f"access-{number}"}
        return JSONResponse(
            {
                "access_token": f"access-{number}",
                "refresh_token": f"refresh-{number}",
                "token_type": "bearer",
                "expires_in": self.expires_in,
            }
        )


def problem(status: int, code: str, **headers: str) -> Response:
    """An error as the API has it."""
    body = {"detail": f"{code} it is.", "status": status, "code": code, "request_id": "r-1"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, headers=named, media_type="application/problem+json")


def stream(*chunks: str) -> Response:
    """An answer that comes piece by piece, and ends."""

    async def pieces() -> Any:
        for chunk in chunks:
            yield chunk.encode()

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def _cut(send: Send) -> None:
    """Half an answer; the server closes the connection when the application leaves it at that."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _asked(request: Request) -> Asked:
    body = await request.body()
    return Asked(
        request.method,
        request.scope["raw_path"].decode().removeprefix("/api/v1"),
        dict(request.query_params),
        dict(request.headers),
        json.loads(body) if body else None,
    )
