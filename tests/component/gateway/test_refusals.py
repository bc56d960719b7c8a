"""Whom the gateway refuses, the audit hears of."""

import pytest
from starlette.types import Receive, Scope, Send

from gateway import refusals
from shared.web.refusals import REFUSALS_PATH, RefusedCall
from tests.component.gateway.running_gateway import Running, StartGateway, answer_with
from tests.support.eventually import eventually

ROBOTS = "/api/v1/robots"


async def told(running: Running, n_refusals: int = 1) -> list[RefusedCall]:
    """What auth has been told, once it is that much."""
    return await eventually(lambda: running.auth.refusals if len(running.auth.refusals) >= n_refusals else None)


async def forbid(scope: Scope, receive: Receive, send: Send) -> None:
    await answer_with(send, b"{}", 403)


async def test_a_call_without_a_valid_credential_is_told_with_what_is_known_of_it(running: Running) -> None:
    async with running.client(address="192.0.2.7") as client:
        await client.get(f"{ROBOTS}/r1", headers={"X-Request-ID": "req-1"})

    (refusal,) = await told(running)

    assert refusal.id
    assert refusal == RefusedCall(
        id=refusal.id,
        at_ms=running.clock.now_ms(),
        method="GET",
        route=f"{ROBOTS}/{{robot_id}}",
        path=f"{ROBOTS}/r1",
        status=401,
        address="192.0.2.7",
        request_id="req-1",
        code="CREDENTIAL_MISSING",
    )


async def test_a_key_that_is_not_valid_is_named_by_its_public_id_and_its_secret_is_not_told(running: Running) -> None:
    async with running.client() as client:
        await client.get(ROBOTS, headers={"X-Api-Key": f"crpa_stolen_{'0' * 64}"})

    (refusal,) = await told(running)

    assert (refusal.claimed_key_id, refusal.code, refusal.actor_id) == ("stolen", "CREDENTIAL_INVALID", "")
    assert "0" * 64 not in str(refusal)


async def test_a_refused_delivery_is_told_without_the_token_of_its_url(running: Running) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_with(send, b"{}", 401)

    running.service.answer = refuse
    async with running.client() as client:
        await client.post("/api/v1/webhooks/the-secret-token", content=b"{}")

    (refusal,) = await told(running)

    assert (refusal.status, refusal.path) == (401, "/api/v1/webhooks/{token}")
    assert "the-secret-token" not in str(refusal)


async def test_a_caller_without_the_permission_is_named(running: Running) -> None:
    running.service.answer = forbid
    async with running.client() as client:
        await client.get(ROBOTS, headers=running.bearer(sub="bob", tid="north"))

    (refusal,) = await told(running)

    assert (refusal.status, refusal.tenant_id, refusal.actor_kind, refusal.actor_id) == (403, "north", "user", "bob")


async def test_what_is_not_refused_to_somebody_is_not_told_nor_is_what_the_service_keeps_itself(
    running: Running,
) -> None:
    async def unauthorised(scope: Scope, receive: Receive, send: Send) -> None:
        await answer_with(send, b"{}", 401)

    async with running.client() as client:
        await client.get(ROBOTS, headers=running.bearer())
        await client.get("/api/v1/nowhere")
        running.auth.refuses_gateway = True
        assert (await client.post("/api/v1/auth/login", json={})).status_code == 401
        running.auth.refuses_gateway = False
        await client.get(ROBOTS)

    assert [refusal.route for refusal in await told(running)] == [ROBOTS]


async def test_alike_refusals_within_a_moment_are_one_with_their_number(running: Running) -> None:
    running.service.answer = forbid
    headers = {number: running.bearer(sub=f"u{number}") for number in (1, 2)}
    async with running.client() as client:
        for number in range(3):
            await client.get(f"{ROBOTS}/r{number}")
        for number in (1, 1, 2):
            await client.get(f"{ROBOTS}/r1", headers=headers[number])

    refused = await told(running, 3)

    by_actor: dict[str, int] = {}
    for refusal in refused:
        by_actor[refusal.actor_id] = by_actor.get(refusal.actor_id, 0) + refusal.times
    assert by_actor == {"": 3, "u1": 2, "u2": 1}


async def test_while_auth_is_down_refusals_are_kept_and_told_later_under_the_same_ids(running: Running) -> None:
    running.auth.down = True
    async with running.client() as client:
        await client.get(ROBOTS)
        await eventually(lambda: running.auth.calls.get(REFUSALS_PATH, 0) > 0)
        await client.get(f"{ROBOTS}/r1")
    assert running.auth.refusals == []

    running.auth.down = False

    assert [refusal.route for refusal in await told(running, 2)] == [ROBOTS, f"{ROBOTS}/{{robot_id}}"]
    assert len({refusal.id for refusal in running.auth.refusals}) == 2


async def test_no_more_wait_than_memory_is_given(start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MAX_WAITING", 3)
    async with start_gateway() as running:
        running.auth.down = True
        for number in range(5):
            async with running.client(address=f"192.0.2.{number}") as client:
                await client.get(ROBOTS)
        assert running.runtime.registry.get_sample_value("casare_gateway_refusals_lost_total") == 2
        assert running.runtime.registry.get_sample_value("casare_gateway_refusals_waiting") == 3
        running.auth.down = False

    assert [refusal.address for refusal in running.auth.refusals] == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]


async def test_what_was_noted_last_is_told_when_the_gateway_stops(start_gateway: StartGateway) -> None:
    async with start_gateway() as running, running.client() as client:
        await eventually(lambda: running.auth.calls.get("/internal/revocations"))
        await client.get(ROBOTS)

    assert len(running.auth.refusals) == 1
