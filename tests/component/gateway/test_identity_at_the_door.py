"""Credentials as a client experiences them."""

import pytest

from shared.events.auth import ApiKeyRevoked, SessionRevoked
from tests.component.gateway.running_gateway import Running
from tests.support.eventually import eventually

HOUR_MS = 3600 * 1000


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "CREDENTIAL_MISSING"),
        ({"Authorization": "Basic YTpi"}, "CREDENTIAL_MALFORMED"),
        ({"Authorization": "Bearer nonsense"}, "CREDENTIAL_MALFORMED"),
        ({"X-Api-Key": "nonsense"}, "CREDENTIAL_MALFORMED"),
        ({"X-Api-Key": f"crpa_unknown_{'0' * 64}"}, "CREDENTIAL_INVALID"),
    ],
)
async def test_without_a_valid_credential_nothing_reaches_a_service(
    running: Running, headers: dict[str, str], code: str
) -> None:
    async with running.client() as client:
        answer = await client.get("/api/v1/robots", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert running.service.received == []


async def test_an_expired_token_says_so_that_the_client_may_refresh(running: Running) -> None:
    headers = running.bearer()
    running.clock.advance(seconds=3600)
    async with running.client() as client:
        answer = await client.get("/api/v1/robots", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "CREDENTIAL_EXPIRED")


async def test_logging_out_ends_the_session_here_at_once(running: Running) -> None:
    headers, sibling = running.bearer(), running.bearer()
    async with running.client() as client:
        assert (await client.post("/api/v1/auth/logout", headers=headers)).status_code == 200
        for each in (headers, sibling):
            answer = await client.get("/api/v1/robots", headers=each)
            assert (answer.status_code, answer.json()["code"]) == (401, "CREDENTIAL_REVOKED")
        assert (await client.get("/api/v1/robots", headers=running.bearer(sid="other"))).status_code == 200


async def test_a_logout_that_failed_ends_nothing(running: Running) -> None:
    headers = running.bearer()
    async with running.client() as client:
        await client.get("/api/v1/robots", headers=headers)
        running.auth.down = True
        assert (await client.post("/api/v1/auth/logout", headers=headers)).status_code == 503
        assert (await client.get("/api/v1/robots", headers=headers)).status_code == 200


async def test_a_session_ended_elsewhere_ends_here(running: Running) -> None:
    headers = running.bearer()
    ends_ms = running.clock.now_ms() + HOUR_MS
    async with running.client() as client:
        assert (await client.get("/api/v1/robots", headers=headers)).status_code == 200
        await running.publish(
            SessionRevoked(user_id="ada", session_id="session-1", reason="reuse", tokens_expire_ms=ends_ms)
        )
        assert (await client.get("/api/v1/robots", headers=headers)).status_code == 401


async def test_a_key_revoked_elsewhere_ends_here(running: Running) -> None:
    headers = running.api_key()
    async with running.client() as client:
        assert (await client.post("/api/v1/jobs/claim", headers=headers)).status_code == 200
        await running.publish(ApiKeyRevoked(key_id=headers["X-Api-Key"].split("_")[1]))
        assert (await client.post("/api/v1/jobs/claim", headers=headers)).status_code == 401


async def test_while_auth_is_away_new_tokens_are_answered_503_and_known_ones_served(running: Running) -> None:
    known = running.bearer()
    async with running.client() as client:
        assert (await client.get("/api/v1/robots", headers=known)).status_code == 200
        running.auth.down = True
        unknown = await client.get("/api/v1/robots", headers=running.api_key())
        assert (unknown.status_code, "retry-after" in unknown.headers) == (503, True)
        assert (await client.get("/api/v1/robots", headers=known)).status_code == 200


async def test_the_lists_of_auth_are_read_at_the_start(running: Running) -> None:
    await eventually(lambda: running.auth.calls.get("/internal/revocations") == 1)
    await eventually(lambda: running.auth.calls.get("/internal/jwks") == 1)
