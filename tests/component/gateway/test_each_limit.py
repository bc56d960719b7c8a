"""Every limit of the API, asked for four times over by eight tasks at once: exactly as many pass as it says."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import httpx
import pytest

from gateway.rate_limits import Limit
from gateway.routing import Access, Route, all_routes
from tests.component.gateway.running_gateway import Running, StartGateway

TASKS: Final = 8
TIMES: Final = 4
BY_BUCKET: Final = {route.limit.name: route for route in all_routes() if route.limit is not None}
"""One route for each bucket."""
IN_REDIS: Final = ("authentication", "robot-register", "job-operations", "heartbeat")
"""A few of each size: the others differ in the number only."""


class Storm:
    """What came back, and how many tokens can have come back meanwhile."""

    def __init__(self, answers: Sequence[httpx.Response], limit: Limit, seconds: float) -> None:
        self.statuses = Counter(answer.status_code for answer in answers)
        self.refused = [answer for answer in answers if answer.status_code == httpx.codes.TOO_MANY_REQUESTS]
        self.served = [answer for answer in answers if answer.status_code == httpx.codes.OK]
        self.most = limit.capacity + int(seconds * limit.capacity / limit.period_seconds)


async def _storm(gateways: Sequence[Running], route: Route) -> Storm:
    """Four times the limit, from tasks that take turns at the gateways, all for one user."""
    assert route.limit is not None
    path = route.path.replace("{", "").replace("}", "")

    async def ask(running: Running, times: int) -> list[httpx.Response]:
        headers = {} if route.access is Access.PUBLIC else running.bearer()
        async with running.client() as client:
            return [await client.request(route.method, path, headers=headers) for _ in range(times)]

    each = -(-TIMES * route.limit.capacity // TASKS)
    began = time.monotonic()
    answers = await asyncio.gather(*(ask(gateways[task % len(gateways)], each) for task in range(TASKS)))
    return Storm([answer for of_task in answers for answer in of_task], route.limit, time.monotonic() - began)


def _check(storm: Storm, limit: Limit) -> None:
    assert set(storm.statuses) == {200, 429}
    assert limit.capacity <= storm.statuses[200] <= storm.most
    for answer in (*storm.served, *storm.refused):
        assert answer.headers["x-ratelimit-limit"] == str(limit.capacity)
        assert 0 <= int(answer.headers["x-ratelimit-remaining"]) < limit.capacity
        assert int(answer.headers["x-ratelimit-reset"]) >= 1
    assert all(answer.headers["x-ratelimit-remaining"] == "0" for answer in storm.refused)
    assert all(1 <= int(answer.headers["retry-after"]) <= limit.period_seconds for answer in storm.refused)
    assert all("retry-after" not in answer.headers for answer in storm.served)


@pytest.mark.parametrize("bucket", sorted(BY_BUCKET))
async def test_a_limit_holds_to_the_request_in_one_process(running: Running, bucket: str) -> None:
    route = BY_BUCKET[bucket]
    assert route.limit is not None
    _check(await _storm([running], route), route.limit)


@pytest.mark.parametrize("bucket", IN_REDIS)
async def test_a_limit_holds_to_the_request_over_replicas_that_share_redis(
    start_gateway: StartGateway, redis_url: str, redis_prefix: str, bucket: str
) -> None:
    route = BY_BUCKET[bucket]
    assert route.limit is not None
    shared = {"redis_url": redis_url, "redis_prefix": f"{redis_prefix}{uuid4()}:"}
    async with start_gateway(**shared) as one, start_gateway(**shared) as other:
        storm = await _storm([one, other], route)
    _check(storm, route.limit)
