"""Buckets as a client experiences them (clarifications 9)."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from tests.component.gateway.running_gateway import Running, StartGateway, answer_with
from tests.support.backends.private_redis import PrivateRedis
from tests.support.eventually import eventually

LIST = "/api/v1/schedules"


async def ask(
    running: Running, times: int, headers: dict[str, str], address: str = "192.0.2.1"
) -> list[httpx.Response]:
    async with running.client(address=address) as client:
        return [await client.get(LIST, headers=headers) for _ in range(times)]


async def test_every_limited_answer_says_how_much_is_left(running: Running) -> None:
    first, second = await ask(running, 2, running.bearer())
    assert first.headers["x-ratelimit-limit"] == "100"
    assert (first.headers["x-ratelimit-remaining"], second.headers["x-ratelimit-remaining"]) == ("99", "98")
    assert int(first.headers["x-ratelimit-reset"]) >= 1


async def test_an_empty_bucket_is_a_problem_that_says_when_to_come_back(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="list=2") as running:
        answers = await ask(running, 3, running.bearer())
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        refused = answers[-1]
        assert refused.json()["code"] == "RATE_LIMITED"
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert len(running.service.received) == 2


async def test_robots_behind_one_address_do_not_starve_each_other(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="list=1") as running:
        for _ in range(3):
            [answer] = await ask(running, 1, running.api_key())
            assert answer.status_code == 200


async def test_all_sessions_of_a_user_share_a_bucket_but_tenants_do_not(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="list=1") as running:
        claims = [{"sid": "one"}, {"sid": "two"}, {"sid": "three", "tid": "acme"}]
        answers = [(await ask(running, 1, running.bearer(**claim)))[0] for claim in claims]
        assert [answer.status_code for answer in answers] == [200, 429, 200]


async def test_guessing_drains_the_bucket_of_the_address_not_of_anybody_else(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="list=2") as running:
        guesses = await ask(running, 3, {"X-Api-Key": "crpa_guess_" + "0" * 64})
        assert [answer.status_code for answer in guesses] == [401, 401, 429]
        assert guesses[0].headers["x-ratelimit-remaining"] == "1"
        [elsewhere] = await ask(running, 1, {}, address="192.0.2.2")
        assert elsewhere.status_code == 401
        [honest] = await ask(running, 1, running.bearer())
        assert honest.status_code == 200


async def test_addresses_of_one_ipv6_network_share_a_bucket(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="list=1") as running:
        [first] = await ask(running, 1, {}, address="2001:db8::1")
        [second] = await ask(running, 1, {}, address="2001:db8::ffff:2")
        assert (first.status_code, second.status_code) == (401, 429)


async def test_a_public_route_counts_by_the_address_that_trusted_proxies_vouch_for(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="authentication=1", trusted_proxies=1) as running, running.client() as client:
        codes = []
        for forwarded in ("6.6.6.6, 1.1.1.1", "7.7.7.7, 1.1.1.1", "1.1.1.2"):
            answer = await client.post("/api/v1/auth/refresh", json={}, headers={"X-Forwarded-For": forwarded})
            codes.append(answer.status_code)
        assert codes == [200, 429, 200]


async def test_a_services_own_error_carries_the_headers_too(running: Running) -> None:
    running.service.answer = lambda scope, receive, send: answer_with(send, b"{}", status=409)
    [answer] = await ask(running, 1, running.bearer())
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (409, "99")


async def test_login_has_no_bucket(running: Running) -> None:
    async with running.client() as client:
        answers = [await client.post("/api/v1/auth/login", json={}) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-ratelimit-limit" not in answers[0].headers


async def test_limits_can_be_switched_off(start_gateway: StartGateway) -> None:
    async with start_gateway(rate_limits="off") as running:
        answers = await ask(running, 105, running.bearer())
        assert {answer.status_code for answer in answers} == {200}
        assert "x-ratelimit-limit" not in answers[0].headers


async def test_replicas_share_their_buckets_in_redis(
    start_gateway: StartGateway, redis_url: str, redis_prefix: str
) -> None:
    shared = {"redis_url": redis_url, "redis_prefix": f"{redis_prefix}{uuid4()}:", "rate_limits": "list=10"}
    async with start_gateway(**shared) as one, start_gateway(**shared) as other:
        answers = await asyncio.gather(*(ask(replica, 8, replica.bearer()) for replica in (one, other)))
        codes = [answer.status_code for each in answers for answer in each]
    assert codes.count(200) == 10
    assert codes.count(429) == 6


@pytest.mark.timeout(60)
async def test_without_redis_requests_are_served_on_local_buckets_and_readiness_tells(
    start_gateway: StartGateway, private_redis: PrivateRedis
) -> None:
    async with start_gateway(redis_url=private_redis.url, rate_limits="list=5") as running:
        assert (await ask(running, 1, running.bearer()))[0].status_code == 200
        await asyncio.to_thread(private_redis.stop)
        answers = await ask(running, 7, running.bearer())
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2

        async def readiness() -> httpx.Response:
            async with running.client() as client:
                return await client.get("/health/ready")

        async def says_redis_is_lost() -> bool:
            answer = await readiness()
            return answer.status_code == 503 and "Redis" in answer.json()["checks"]["buckets"]

        await eventually(says_redis_is_lost)
