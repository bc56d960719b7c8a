"""A storm of logins can neither exhaust memory nor starve other requests; and refusals take the same time."""

import asyncio
import resource
import threading
import time
from collections import defaultdict
from statistics import median

import httpx

from shared.kernel.permissions import Role
from tests.component.auth.people import PASSWORD, add_tenant, add_user, done
from tests.component.auth.robot_keys import created, verify
from tests.component.auth.running_auth import Auth, StartAuth, problem

REAL_HASHES = {"password_memory_kib": 19_456, "password_iterations": 2}
HASHES_AT_ONCE = 2
WAITING = 60
STORM = 200
ROUNDS = 9


def peak_memory_kib() -> int:
    """The most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def hashing_threads() -> int:
    return len([thread for thread in threading.enumerate() if thread.name.startswith("argon2")])


async def storm(auth: Auth) -> list[httpx.Response]:
    """Logins of as many users from as many addresses at once: no lockout stops them."""
    return await asyncio.gather(
        *(auth.log_in("wrong", f"user{number}", address=f"10.0.{number}.1") for number in range(STORM))
    )


async def test_two_hundred_logins_at_once_hash_two_at_a_time_and_leave_room_for_robots(start_auth: StartAuth) -> None:
    values = {**REAL_HASHES, "password_hashes_at_once": HASHES_AT_ONCE, "logins_waiting": WAITING}
    async with start_auth(**values) as auth:
        key = (await created(auth))["api_key"]
        before_kib = peak_memory_kib()
        logins = asyncio.create_task(storm(auth))
        seconds, most_threads = [], 0
        while not logins.done():
            started = time.perf_counter()
            assert (await verify(auth, key)).status_code == 200
            seconds.append(time.perf_counter() - started)
            most_threads = max(most_threads, hashing_threads())
        responses = await logins

    refused = [response for response in responses if response.status_code == 503]
    assert {response.status_code for response in responses} == {401, 503}
    assert len(refused) >= STORM / 4, "the line takes 62, and a few more while the storm arrives"
    for response in refused:
        problem(response, 503, "TOO_MANY_LOGINS")
        assert int(response.headers["retry-after"]) >= 1
    assert most_threads <= HASHES_AT_ONCE
    grown_kib = peak_memory_kib() - before_kib
    assert grown_kib < STORM * REAL_HASHES["password_memory_kib"] / 20, "two hashes' memory and the requests' own"
    # One after the other waited only for its own work: a verification costs milliseconds, the storm seconds.
    assert len(seconds) >= 10
    assert median(seconds) < 0.5


async def test_refusals_for_whatever_reason_cost_exactly_one_hash(start_auth: StartAuth) -> None:
    """Compared by the processor time of the whole process, interleaved, in medians: other load disturbs all alike."""
    async with start_auth(**REAL_HASHES, login_max_failures=1000) as auth:
        await add_user(auth, "disabled")
        await done(auth, "PUT", "/users/disabled", {"disabled": True})
        await add_tenant(auth)
        await add_user(auth, "shut-out", Role.VIEWER, tenant_id="north")
        await done(auth, "PUT", "/tenants/north", {"disabled": True})
        await add_user(auth, "gone")
        await done(auth, "DELETE", "/users/gone")
        reasons = {
            "wrong password": ("wrong", "admin", {}),
            "unknown user": ("wrong", "nobody", {}),
            "disabled user": (PASSWORD, "disabled", {}),
            "disabled tenant": (PASSWORD, "shut-out", {}),
            "foreign tenant": (PASSWORD, "disabled", {"tenant_id": "north"}),
            "unknown tenant": (PASSWORD, "disabled", {"tenant_id": "nowhere"}),
            "removed user": (PASSWORD, "gone", {}),
        }
        seconds, bodies = defaultdict(list), set()
        for _ in range(ROUNDS):
            for reason, (password, name, more) in reasons.items():
                started = time.process_time()
                response = await auth.log_in(password, name, **more)
                seconds[reason].append(time.process_time() - started)
                body = problem(response, 401, "INVALID_CREDENTIALS")
                bodies.add(str({**body, "request_id": ""}))

    assert len(bodies) == 1
    typical = median(median(values) for values in seconds.values())
    for reason, values in seconds.items():
        assert 0.6 < median(values) / typical < 1.6, reason
