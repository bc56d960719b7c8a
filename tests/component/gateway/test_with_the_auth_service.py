"""The gateway and the real auth service agree: on tokens, keys, revocations and internal routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.types import ASGIApp

from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from services.auth.app import OUTBOX_COLLECTIONS, create_app
from services.auth.settings import AuthSettings
from shared.config import load
from shared.messaging import Subscription
from shared.web.runtime import Runtime, open_runtime
from tests.component.gateway.running_gateway import RecordingService
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

PASSWORD = "correct horse battery staple"
CHEAP_HASHES = {"password_memory_kib": 64, "password_iterations": 1}
HOUR_SECONDS = 3600


@dataclass
class Site:
    """Both services in one process."""

    http: httpx.AsyncClient
    service: RecordingService
    runtime: Runtime
    clock: ManualClock

    async def log_in(self) -> dict[str, str]:
        """The header of a fresh session."""
        answer = await self.http.post("/api/v1/auth/login", json={"username": "admin", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def status(self, headers: dict[str, str]) -> int:
        """How another service's route is answered with this credential."""
        return (await self.http.get("/api/v1/robots", headers=headers)).status_code


@asynccontextmanager
async def open_site(store_url: str, database_name: str) -> AsyncIterator[Site]:
    clock = ManualClock()
    store = {"mongodb_url": store_url, "mongodb_database": database_name}
    auth_settings = load(AuthSettings, admin_password=PASSWORD, **CHEAP_HASHES, **store)
    async with open_runtime(auth_settings, OUTBOX_COLLECTIONS, clock=clock) as runtime:
        service, auth = RecordingService(), create_app(auth_settings, runtime)
        upstreams: dict[str, ASGIApp] = {"auth": auth, "dispatcher": service}
        gateway = create_gateway(load(GatewaySettings, **store), upstreams, runtime.with_own_registry())
        await runtime.bus.subscribe(Subscription("somebody-else", ("#",)), _ignore)
        transport = httpx.ASGITransport(app=gateway)
        async with (
            auth.router.lifespan_context(auth),
            gateway.running(),
            httpx.AsyncClient(transport=transport, base_url="http://orchestrator") as http,
        ):
            await eventually(lambda: _is_ready(http), timeout_seconds=20)
            yield Site(http, service, runtime, clock)


@pytest.fixture
async def site(store_url: str, database_name: str) -> AsyncIterator[Site]:
    async with open_site(store_url, database_name) as opened:
        yield opened


async def test_a_token_from_a_login_opens_routes_of_every_service(site: Site) -> None:
    headers = await site.log_in()
    me = await site.http.get("/api/v1/auth/me", headers=headers)
    assert (me.status_code, me.json()["user_id"]) == (200, "admin")
    assert await site.status(headers) == 200
    told = site.runtime.tokens.verify(site.service.last.headers["x-casare-identity"])
    assert (told.kind, told.subject, told.tenant_id) == ("user", "admin", "default")


async def test_a_refresh_token_opens_nothing(site: Site) -> None:
    login = await site.http.post("/api/v1/auth/login", json={"username": "admin", "password": PASSWORD})
    assert await site.status({"Authorization": f"Bearer {login.json()['refresh_token']}"}) == 401


async def test_a_token_ends_after_an_hour(site: Site) -> None:
    headers = await site.log_in()
    site.clock.advance(seconds=HOUR_SECONDS)
    assert await site.status(headers) == 401


async def test_logging_out_ends_the_session_and_no_other(site: Site) -> None:
    headers, other = await site.log_in(), await site.log_in()
    assert (await site.http.post("/api/v1/auth/logout", headers=headers)).status_code == 200
    assert await site.status(headers) == 401
    assert await site.status(other) == 200


async def test_a_gateway_that_starts_later_knows_who_logged_out(site: Site, store_url: str, database_name: str) -> None:
    headers = await site.log_in()
    await site.http.post("/api/v1/auth/logout", headers=headers)
    async with open_site(store_url, database_name) as later:
        assert await later.status(headers) == 401
        assert await later.status(await later.log_in()) == 200


async def test_an_api_key_works_until_it_is_revoked(site: Site) -> None:
    admin = await site.log_in()
    created = await site.http.post("/api/v1/robot-api-keys", json={"name": "R1", "robot_id": "r1"}, headers=admin)
    key = {"X-Api-Key": created.json()["api_key"]}
    assert await site.status(key) == 200
    told = site.runtime.tokens.verify(site.service.last.headers["x-casare-identity"])
    assert (told.kind, told.robot_id, told.tenant_id) == ("robot", "r1", "default")
    revoke = f"/api/v1/robot-api-keys/{created.json()['key']['id']}/revoke"
    assert (await site.http.post(revoke, headers=admin)).status_code == 200

    async def is_refused() -> bool:
        return await site.status(key) == 401

    await eventually(is_refused)


async def test_a_rotated_key_works_beside_its_successor_until_the_overlap_is_over(site: Site) -> None:
    admin = await site.log_in()
    created = (await site.http.post("/api/v1/robot-api-keys", json={"name": "R1"}, headers=admin)).json()
    old = {"X-Api-Key": created["api_key"]}
    assert await site.status(old) == 200
    rotate = f"/api/v1/robot-api-keys/{created['key']['id']}/rotate"

    rotated = (await site.http.post(rotate, json={"overlap_seconds": 60}, headers=admin)).json()

    new = {"X-Api-Key": rotated["api_key"]}
    assert (await site.status(old), await site.status(new)) == (200, 200)
    site.clock.advance(seconds=60)
    assert (await site.status(old), await site.status(new)) == (401, 200)


async def test_a_disabled_users_tokens_are_refused_and_nobody_elses(site: Site) -> None:
    admin = await site.log_in()
    user = {"username": "maria", "password": PASSWORD, "role": "viewer"}
    assert (await site.http.post("/api/v1/users", json=user, headers=admin)).status_code == 200
    login = await site.http.post("/api/v1/auth/login", json={"username": "maria", "password": PASSWORD})
    maria = {"Authorization": f"Bearer {login.json()['access_token']}"}
    assert await site.status(maria) == 200

    changed = await site.http.put("/api/v1/users/maria", json={"disabled": True}, headers=admin)

    assert changed.status_code == 200

    async def is_refused() -> bool:
        return await site.status(maria) == 401

    await eventually(is_refused)
    assert await site.status(admin) == 200


async def test_an_api_key_that_nobody_made_is_refused(site: Site) -> None:
    assert await site.status({"X-Api-Key": f"crpa_nobody_{'0' * 52}"}) == 401


async def test_internal_routes_of_auth_cannot_be_reached(site: Site) -> None:
    admin = await site.log_in()
    for path in ("/internal/jwks", "/internal/revocations", "/api/v1/internal/jwks"):
        assert (await site.http.get(path, headers=admin)).status_code == 404


async def test_whom_the_gateway_and_its_services_refuse_stands_in_the_audit(site: Site) -> None:
    admin = await site.log_in()
    created = await site.http.post("/api/v1/robot-api-keys", json={"name": "R1", "robot_id": "r1"}, headers=admin)
    robot = {"X-Api-Key": created.json()["api_key"]}
    assert (await site.http.get("/api/v1/audit", headers=robot)).status_code == 403
    assert await site.status({"X-Api-Key": f"crpa_nobody_{'0' * 52}"}) == 401
    await site.http.post("/api/v1/auth/login", json={"username": "admin", "password": "wrong"})

    async def refused(**params: str) -> list[tuple[str, str, int]] | None:
        wanted = {"outcome": "refused", **params}
        entries = (await site.http.get("/api/v1/audit", params=wanted, headers=admin)).json()["entries"]
        return [(entry["action"], entry["actor"]["id"], entry["status"]) for entry in entries]

    unknown = await eventually(lambda: refused(installation="true"))
    assert unknown == [("GET /api/v1/robots", "", 401)]
    key_id = created.json()["key"]["id"]
    known = sorted(await refused() or ())
    assert known == [("GET /api/v1/audit", key_id, 403), ("POST /api/v1/auth/login", "admin", 401)]


async def _is_ready(http: httpx.AsyncClient) -> bool:
    checks = (await http.get("/health/ready")).json()["checks"]
    return bool(checks["auth"] == "ok")


async def _ignore(body: bytes) -> None:
    pass
