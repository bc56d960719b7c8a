"""API keys: auth decides, the gateway remembers for seconds (clarifications 7)."""

import asyncio

import pytest

from gateway.errors import CredentialInvalid, CredentialMalformed
from gateway.identity import Caller
from shared.events.auth import ApiKeyRevoked
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.web.credentials import VERIFY_API_KEY_PATH, format_api_key
from tests.support.eventually import eventually
from tests.unit.gateway.door import Door


def n_questions(door: Door) -> int:
    """How often auth was asked about a key."""
    return door.auth.calls.get(VERIFY_API_KEY_PATH, 0)


def key_id_of(key: str) -> str:
    return key.split("_")[1]


async def test_a_valid_key_says_what_its_robot_may_do(door: Door) -> None:
    key = door.auth.new_key(tenant_id="acme", robot_id="r1", environment="production")
    caller = await door.show_key(key)
    assert caller.identity == Identity(
        kind="robot", subject=key_id_of(key), tenant_id="acme", robot_id="r1", environment="production"
    )
    assert caller.bucket_key == f"robot:acme:{key_id_of(key)}"


async def test_auth_is_asked_again_only_after_some_seconds(door: Door) -> None:
    key = door.auth.new_key()
    await door.show_key(key)
    door.clock.advance(ms=4999)
    await door.show_key(key)
    assert n_questions(door) == 1
    door.clock.advance(ms=1)
    await door.show_key(key)
    assert n_questions(door) == 2


async def test_a_key_revoked_at_auth_is_refused_when_it_is_next_asked_about(door: Door) -> None:
    key = door.auth.new_key()
    await door.show_key(key)
    door.auth.keys.clear()
    door.clock.advance(seconds=5)
    with pytest.raises(CredentialInvalid):
        await door.show_key(key)


async def test_a_refusal_is_remembered_for_a_second(door: Door) -> None:
    key = format_api_key("unknown", "s" * 64)
    for _ in range(3):
        with pytest.raises(CredentialInvalid):
            await door.show_key(key)
    assert n_questions(door) == 1
    door.clock.advance(seconds=1)
    with pytest.raises(CredentialInvalid):
        await door.show_key(key)
    assert n_questions(door) == 2


async def test_a_wrong_secret_neither_opens_nor_disturbs_the_right_one(door: Door) -> None:
    key = door.auth.new_key()
    await door.show_key(key)
    with pytest.raises(CredentialInvalid):
        await door.show_key(format_api_key(key_id_of(key), "0" * 64))
    await door.show_key(key)
    assert n_questions(door) == 2


async def test_a_key_ends_at_its_expiry_also_while_it_is_remembered(door: Door) -> None:
    key = door.auth.new_key(expires_ms=door.clock.now_ms() + 2000)
    await door.show_key(key)
    door.clock.advance(seconds=2)
    with pytest.raises(CredentialInvalid):
        await door.show_key(key)


async def test_what_is_no_key_is_not_asked_about(door: Door) -> None:
    with pytest.raises(CredentialMalformed):
        await door.show_key("crpa_nonsense")
    assert n_questions(door) == 0


async def test_many_requests_at_once_ask_once(door: Door) -> None:
    key = door.auth.new_key()
    door.auth.may_answer.clear()
    requests = [asyncio.create_task(door.show_key(key)) for _ in range(20)]
    await eventually(lambda: n_questions(door) == 1)
    requests[0].cancel()
    door.auth.may_answer.set()
    outcomes = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert all(isinstance(outcome, Caller) for outcome in outcomes[1:])
    assert n_questions(door) == 1


async def test_a_heard_revocation_counts_at_once(door: Door) -> None:
    key = door.auth.new_key()
    await door.show_key(key)
    await door.hear(ApiKeyRevoked(key_id=key_id_of(key)))
    with pytest.raises(CredentialInvalid):
        await door.show_key(key)


async def test_a_revocation_heard_while_auth_is_being_asked_wins_over_its_answer(door: Door) -> None:
    key = door.auth.new_key()
    door.auth.may_answer.clear()
    request = asyncio.create_task(door.show_key(key))
    await eventually(lambda: n_questions(door) == 1)
    await door.hear(ApiKeyRevoked(key_id=key_id_of(key)))
    door.auth.may_answer.set()
    with pytest.raises(CredentialInvalid):
        await request
    with pytest.raises(CredentialInvalid):
        await door.show_key(key)


async def test_a_revocation_whose_event_was_missed_is_found_in_the_list(door: Door) -> None:
    key = door.auth.new_key()
    await door.show_key(key)
    door.auth.revoked_keys = [key_id_of(key)]
    await door.do("revocations")
    with pytest.raises(CredentialInvalid):
        await door.show_key(key)


async def test_a_key_that_was_valid_lately_survives_a_restart_of_auth(door: Door) -> None:
    key = door.auth.new_key()
    await door.show_key(key)
    door.auth.down = True
    door.clock.advance(seconds=34)
    await door.show_key(key)
    door.clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        await door.show_key(key)


async def test_a_key_never_seen_cannot_be_judged_without_auth(door: Door) -> None:
    door.auth.down = True
    with pytest.raises(Unavailable):
        await door.show_key(door.auth.new_key())


async def test_an_auth_that_does_not_know_this_gateway_makes_no_key_invalid(door: Door) -> None:
    key = door.auth.new_key()
    door.auth.refuses_gateway = True
    with pytest.raises(Unavailable):
        await door.show_key(key)
