"""A service in this process, called over HTTP as users, robots and other services call it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from shared.events import CloudEvent, decode
from shared.kernel.identity import DEFAULT_TENANT, Identity
from shared.kernel.permissions import Role
from shared.messaging import Subscription
from shared.storage import Document
from shared.web.runtime import Runtime
from shared.web.tokens import HEADER, InternalTokens
from tests.support.clock import ManualClock
from tests.support.eventually import eventually


class SignedAs(httpx.Auth):
    """Signs each request anew: the clock may have moved past an older token."""

    def __init__(self, tokens: InternalTokens, identity: Identity) -> None:
        self._tokens = tokens
        self._identity = identity

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # nothing is sent back
        request.headers[HEADER] = self._tokens.sign(self._identity)
        yield request


@dataclass(slots=True, kw_only=True)
class Service:
    """The application under test and what it stands on. Its lifespan runs only where a test enters it."""

    app: FastAPI
    runtime: Runtime
    clock: ManualClock
    events: list[CloudEvent] = field(default_factory=list)
    """What was published since `record_events`, each event once: delivery is at least once."""

    def client(
        self, role: Role = Role.ADMIN, tenant_id: str = DEFAULT_TENANT, subject: str = "u1"
    ) -> httpx.AsyncClient:
        """A client that calls as a user of `tenant_id` with `role`."""
        return self.client_as(Identity(kind="user", subject=subject, tenant_id=tenant_id, roles=(role,)))

    def client_as(self, identity: Identity | None) -> httpx.AsyncClient:
        """A client that calls as `identity`; without one when None."""
        auth = None if identity is None else SignedAs(self.runtime.tokens, identity)
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://test", auth=auth)

    async def documents(self, collection: str) -> list[Document]:
        """Everything in `collection`, by id."""
        return await self.runtime.store.collection(collection).find({}).sort("_id", 1).to_list()

    async def record_events(self) -> None:
        """Keep in `events` what is published from now on."""

        async def record(body: bytes) -> None:
            event = decode(body)
            if event.id not in [known.id for known in self.events]:
                self.events.append(event)

        await self.runtime.bus.subscribe(Subscription("test", ("#",)), record)

    async def event(self, event_type: str) -> CloudEvent:
        """The first event of this type, waited for."""
        return await eventually(lambda: next((event for event in self.events if event.type == event_type), None))


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem details of an error answer, checked for what every one must have (clarifications 1)."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["instance"] == response.request.url.path
    for name in ("type", "title", "detail", "request_id"):
        assert isinstance(problem[name], str)
        assert problem[name]
    return problem
