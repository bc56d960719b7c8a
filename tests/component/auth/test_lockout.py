"""Failed logins lock the account and the address, whichever adapter counts (clarifications 4)."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from shared.kernel.permissions import Role
from tests.component.auth.running_auth import ADMIN_PASSWORD, Auth, StartAuth, problem
from tests.support.ports import free_port

LOCK_SECONDS = 900
WINDOW_SECONDS = 300


@pytest.fixture(params=["memory", "redis"])
async def auth(request: pytest.FixtureRequest, start_auth: StartAuth, database_name: str) -> AsyncIterator[Auth]:
    """The service, once with each adapter."""
    redis = {}
    if request.param == "redis":
        prefix = f"{request.getfixturevalue('redis_prefix')}{database_name}:"
        redis = {"redis_url": request.getfixturevalue("redis_url"), "redis_prefix": prefix}
    async with start_auth(**redis) as started:
        yield started


async def fail_five_times(auth: Auth, username: str = "admin", address: str = "192.0.2.1") -> None:
    for _ in range(5):
        problem(await auth.log_in("wrong", username, address=address), 401, "INVALID_CREDENTIALS")


async def test_the_sixth_attempt_after_five_failures_is_429_for_fifteen_minutes(auth: Auth) -> None:
    await fail_five_times(auth)

    response = await auth.log_in("wrong", address="192.0.2.1")

    problem(response, 429, "LOGIN_LOCKED")
    assert LOCK_SECONDS - 5 <= int(response.headers["retry-after"]) <= LOCK_SECONDS


async def test_a_locked_account_refuses_the_right_password_and_every_address(auth: Auth) -> None:
    await fail_five_times(auth)

    problem(await auth.log_in(ADMIN_PASSWORD, address="198.51.100.7"), 429, "LOGIN_LOCKED")


async def test_an_account_that_does_not_exist_is_locked_alike(auth: Auth) -> None:
    await fail_five_times(auth, "nobody", "192.0.2.1")
    await fail_five_times(auth, "admin", "192.0.2.2")

    unknown = problem(await auth.log_in("wrong", "nobody", address="203.0.113.1"), 429, "LOGIN_LOCKED")
    known = problem(await auth.log_in("wrong", "admin", address="203.0.113.2"), 429, "LOGIN_LOCKED")

    assert {**unknown, "request_id": ""} == {**known, "request_id": ""}


async def test_a_locked_address_is_locked_for_every_account_and_others_are_not(auth: Auth) -> None:
    for number in range(5):
        await auth.log_in("wrong", f"user{number}", address="192.0.2.1")

    problem(await auth.log_in(address="192.0.2.1"), 429, "LOGIN_LOCKED")
    assert (await auth.log_in(address="192.0.2.2")).status_code == 200


async def test_one_site_of_ipv6_is_one_address(auth: Auth) -> None:
    for number in range(5):
        await auth.log_in("wrong", f"user{number}", address=f"2001:db8::{number}")

    problem(await auth.log_in(address="2001:db8::ffff"), 429, "LOGIN_LOCKED")


async def test_successful_logins_do_not_count(auth: Auth) -> None:
    for _ in range(12):
        assert (await auth.log_in(address="192.0.2.1")).status_code == 200
    for _ in range(4):
        await auth.log_in("wrong", address="192.0.2.1")

    assert (await auth.log_in(address="192.0.2.1")).status_code == 200


async def test_a_success_does_not_wipe_out_earlier_failures(auth: Auth) -> None:
    for _ in range(4):
        await auth.log_in("wrong", address="192.0.2.1")
    await auth.log_in(address="192.0.2.1")
    await auth.log_in("wrong", address="192.0.2.1")

    problem(await auth.log_in(address="192.0.2.1"), 429, "LOGIN_LOCKED")


async def test_of_twenty_guesses_at_once_exactly_five_are_looked_at(auth: Auth) -> None:
    responses = await asyncio.gather(*(auth.log_in("wrong", address="192.0.2.1") for _ in range(20)))

    assert Counter(response.status_code for response in responses) == {401: 5, 429: 15}


async def test_of_twenty_guesses_at_once_from_as_many_addresses_exactly_five_are_looked_at(auth: Auth) -> None:
    responses = await asyncio.gather(*(auth.log_in("wrong", address=f"192.0.2.{n}") for n in range(20)))

    assert Counter(response.status_code for response in responses) == {401: 5, 429: 15}


async def test_twenty_right_logins_at_once_all_succeed(auth: Auth) -> None:
    responses = await asyncio.gather(*(auth.log_in(address="192.0.2.1") for _ in range(20)))

    assert {response.status_code for response in responses} == {200}


async def test_knocking_at_a_locked_account_locks_the_address(auth: Auth) -> None:
    await fail_five_times(auth)
    for _ in range(5):
        problem(await auth.log_in(address="192.0.2.9"), 429, "LOGIN_LOCKED")

    problem(await auth.log_in("x", "somebody else", address="192.0.2.9"), 429, "LOGIN_LOCKED")


async def test_bad_input_does_not_count(auth: Auth) -> None:
    for _ in range(6):
        problem(await auth.log_in("", address="192.0.2.1"), 400, "INVALID_INPUT")

    assert (await auth.log_in(address="192.0.2.1")).status_code == 200


async def test_the_client_header_counts_only_beside_the_gateways_token(auth: Auth) -> None:
    for number in range(5):
        await auth.log_in("wrong", f"user{number}", headers={"x-casare-client": f"192.0.2.{number}"})

    problem(await auth.log_in(headers={"x-casare-client": "192.0.2.99"}), 429, "LOGIN_LOCKED")
    assert (await auth.log_in(address="192.0.2.99")).status_code == 200


async def test_two_replicas_count_together(
    start_auth: StartAuth, redis_url: str, redis_prefix: str, database_name: str
) -> None:
    redis = {"redis_url": redis_url, "redis_prefix": f"{redis_prefix}{database_name}:two:"}
    async with start_auth(**redis) as one, start_auth(**redis) as other:
        replicas = [one, other] * 10
        responses = await asyncio.gather(*(replica.log_in("wrong", address="192.0.2.1") for replica in replicas))

        assert Counter(response.status_code for response in responses) == {401: 5, 429: 15}


async def test_in_memory_failures_are_forgotten_after_the_window_and_locks_after_their_time(
    start_auth: StartAuth,
) -> None:
    async with start_auth() as auth:
        for _ in range(4):
            await auth.log_in("wrong", address="192.0.2.1")
        auth.clock.advance(seconds=WINDOW_SECONDS)
        await fail_five_times(auth)
        auth.clock.advance(seconds=LOCK_SECONDS - 1)
        response = await auth.log_in(address="192.0.2.1")
        problem(response, 429, "LOGIN_LOCKED")
        assert response.headers["retry-after"] == "1"

        auth.clock.advance(seconds=1)
        assert (await auth.log_in(address="192.0.2.1")).status_code == 200


async def test_wrong_password_unknown_user_and_locked_account_cost_the_same_work(start_auth: StartAuth) -> None:
    async with start_auth(password_memory_kib=19_456, password_iterations=6) as auth:

        async def least_cpu_seconds(username: str, first_address: int, status: int) -> float:
            seconds = []
            for number in range(3):
                started = time.process_time()
                response = await auth.log_in("wrong", username, address=f"192.0.2.{first_address + number}")
                seconds.append(time.process_time() - started)
                assert response.status_code == status
            return min(seconds)

        wrong = await least_cpu_seconds("admin", 10, 401)
        unknown = await least_cpu_seconds("nobody", 20, 401)
        await fail_five_times(auth, "locked", "192.0.2.1")
        locked = await least_cpu_seconds("locked", 30, 429)

    assert 1 / 3 < unknown / wrong < 3
    assert 1 / 3 < locked / wrong < 3


async def test_without_redis_nobody_logs_in_while_the_service_stays_ready(start_auth: StartAuth) -> None:
    async with start_auth(redis_url=f"redis://127.0.0.1:{free_port()}") as auth:
        response = await auth.log_in()

        problem(response, 503, "LOGIN_UNAVAILABLE")
        assert int(response.headers["retry-after"]) >= 1
        assert (await auth.http.get("/health/ready")).status_code == 200
        created = await auth.http.post("/api/v1/robot-api-keys", json={"name": "k"}, headers=auth.as_user(Role.ADMIN))
        assert created.status_code == 200
