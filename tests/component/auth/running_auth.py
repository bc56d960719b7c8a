"""The auth service as its tests see it: callers with every kind of credential, events, problem details."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.events import CloudEvent, EventData
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.web.runtime import Runtime
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

ADMIN_PASSWORD = "correct horse battery staple"
CHEAP_HASHES = {"password_memory_kib": 8, "password_iterations": 1}


@dataclass
class Auth:
    """The service as the gateway sees it."""

    http: httpx.AsyncClient
    runtime: Runtime
    clock: ManualClock
    events: list[CloudEvent] = field(default_factory=list)

    def signed(self, identity: Identity) -> dict[str, str]:
        """The header by which the gateway says who is asking."""
        return {"x-casare-identity": self.runtime.tokens.sign(identity)}

    def as_user(
        self, *roles: Role, tenant_id: str = "default", session_id: str | None = None, subject: str = "u1"
    ) -> dict[str, str]:
        """A verified user."""
        user = Identity(kind="user", subject=subject, tenant_id=tenant_id, roles=roles, session_id=session_id)
        return self.signed(user)

    @property
    def as_gateway(self) -> dict[str, str]:
        """The gateway itself."""
        return self.signed(Identity(kind="service", subject="gateway", tenant_id=""))

    @property
    def as_robot(self) -> dict[str, str]:
        """A robot with a key."""
        return self.signed(Identity(kind="robot", subject="key1", tenant_id="default"))

    async def log_in(self, password: str = ADMIN_PASSWORD, username: str = "admin", **more: Any) -> httpx.Response:
        """A login; `address` and `headers` may be given."""
        headers = more.pop("headers", {})
        if "address" in more:
            anonymous = Identity(kind="anonymous", subject="anonymous", tenant_id="")
            headers = {**self.signed(anonymous), "x-casare-client": more.pop("address")}
        body = {"username": username, "password": password, **more}
        return await self.http.post("/api/v1/auth/login", json=body, headers=headers)

    async def refresh(self, refresh_token: str) -> httpx.Response:
        """A change of a refresh token."""
        return await self.http.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token})

    async def document(self, collection: str, document_id: str) -> dict[str, Any]:
        """What is stored."""
        found = await self.runtime.store.collection(collection).find_one({"_id": document_id})
        assert found is not None
        return found

    async def event(self, model: type[EventData]) -> CloudEvent:
        """The one published event of that kind."""

        def published() -> list[CloudEvent]:
            return [event for event in self.events if event.type == model.TYPE]

        (event,) = await eventually(published)
        return event


StartAuth = Callable[..., AbstractAsyncContextManager[Auth]]


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details of an error answer, having the status and code expected (clarifications 1)."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body.get("code")) == (status, code), body
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert isinstance(body["detail"], str)
    assert body["request_id"] == response.headers["x-request-id"]
    return body
