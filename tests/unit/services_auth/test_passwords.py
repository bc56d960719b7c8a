"""Password hashing, and the line in front of it."""

import asyncio
from collections.abc import Iterator

import pytest

from services.auth.adapters.argon2_passwords import Argon2Passwords
from services.auth.adapters.waiting_line import BoundedLine, TooManyLogins


@pytest.fixture
def passwords() -> Iterator[Argon2Passwords]:
    cheap = Argon2Passwords(memory_kib=64, iterations=1, parallelism=1, at_once=1)
    yield cheap
    cheap.close()


async def test_a_hash_is_argon2id_with_the_costs_given_and_verifies_its_password_only(
    passwords: Argon2Passwords,
) -> None:
    stored = await passwords.hash("sesame")

    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert await passwords.verify(stored, "sesame")
    assert not await passwords.verify(stored, "Sesame")


async def test_without_a_hash_no_password_is_right_not_even_the_one_that_is_hashed_instead(
    passwords: Argon2Passwords,
) -> None:
    assert not await passwords.verify(None, "nobody")


async def test_two_hashes_of_one_password_differ(passwords: Argon2Passwords) -> None:
    assert await passwords.hash("sesame") != await passwords.hash("sesame")


async def test_no_more_than_the_line_allows_have_their_turn_and_none_waits_beyond_its_length() -> None:
    line = BoundedLine(at_once=2, max_waiting=3)
    leave, at_once, most = asyncio.Event(), 0, 0

    async def take_a_turn() -> None:
        nonlocal at_once, most
        async with line.turn():
            at_once += 1
            most = max(most, at_once)
            await leave.wait()
            at_once -= 1

    turns = [asyncio.create_task(take_a_turn()) for _ in range(8)]
    refused, _ = await asyncio.wait(turns, return_when=asyncio.FIRST_EXCEPTION)
    leave.set()
    outcomes = await asyncio.gather(*turns, return_exceptions=True)

    assert len(refused) == 3
    assert [type(outcome) for outcome in outcomes].count(TooManyLogins) == 3
    assert most == 2


async def test_whoever_stops_waiting_leaves_the_line() -> None:
    line = BoundedLine(at_once=1, max_waiting=1)

    async def take_a_turn() -> None:
        async with line.turn():
            pass

    async with line.turn():
        impatient = asyncio.create_task(take_a_turn())
        await asyncio.wait([impatient], timeout=0)
        impatient.cancel()
        await asyncio.wait([impatient])
        patient = asyncio.create_task(take_a_turn())
        await asyncio.wait([patient], timeout=0)
        assert not patient.done()
    await patient
    await take_a_turn()
