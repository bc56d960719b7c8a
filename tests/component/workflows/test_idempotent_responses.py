"""What happens to a key whose request was cut short, on every engine; and how keys are forgotten."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import Request
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from starlette.responses import Response

from shared.kernel.errors import Invalid, Unavailable
from shared.kernel.ids import new_id
from shared.kernel.permissions import Permission
from shared.storage import Store, connect
from shared.web import Caller, ContractRouter, InternalTokens, create_service_app
from shared.web.idempotency import (
    IDEMPOTENCY_INDEXES,
    IDEMPOTENCY_KEYS,
    KEEP_MS,
    TAKE_OVER_AFTER_MS,
    IdempotencyKey,
    IdempotentResponses,
)
from tests.support.clock import ManualClock
from tests.support.service import assert_problem

KEY = {"Idempotency-Key": "k1"}
Act = Callable[[], Awaitable[None]]


class Made(BaseModel):
    """The id under which the thing was made."""

    made: str


class Workshop:
    """A service with one creating route; `act` is what happens while it works."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.creation_ids: list[str] = []
        self.act: Act = _succeed
        self.idempotent = IdempotentResponses(store, clock, new_id)
        tokens = InternalTokens("k" * 32, clock)
        app = create_service_app(
            name="workshop", title="Workshop", registry=CollectorRegistry(), tokens=tokens, checks={}
        )
        app.include_router(self._router())
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")

    def _router(self) -> ContractRouter:
        router = ContractRouter(tag="things")

        @router.endpoint("POST", "/things", permission=Permission.PUBLIC, response_model=Made)
        async def make(request: Request, caller: Caller, key: IdempotencyKey = None) -> Response:
            async def create(creation_id: str) -> Made:
                self.creation_ids.append(creation_id)
                await self.act()
                return Made(made=creation_id)

            return await self.idempotent.run(key, request, caller, create, status=201)

        return router

    async def make(self, content: bytes = b"{}", query: str = "") -> httpx.Response:
        """Ask for a thing with the key."""
        return await self.client.post(f"/api/v1/things{query}", content=content, headers=KEY)


async def _succeed() -> None:
    return


def failing(error: Exception) -> Act:
    """Work that ends in `error`."""

    async def act() -> None:
        raise error

    return act


@asynccontextmanager
async def open_workshop(url: str, database: str, clock: ManualClock) -> AsyncIterator[Workshop]:
    async with connect(url, database) as store:
        await store.ensure_indexes(IDEMPOTENCY_KEYS, IDEMPOTENCY_INDEXES)
        workshop = Workshop(store, clock)
        async with workshop.client:
            yield workshop


@pytest.fixture
async def workshop(each_store_url: str, database_name: str) -> AsyncIterator[Workshop]:
    async with open_workshop(each_store_url, database_name, ManualClock()) as opened:
        yield opened


async def test_a_repeat_gets_the_first_answer_with_its_status(workshop: Workshop) -> None:
    first, again = await workshop.make(), await workshop.make()
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json() == {"made": workshop.creation_ids[0]}
    assert len(workshop.creation_ids) == 1


async def test_body_and_query_make_the_request(workshop: Workshop) -> None:
    await workshop.make()
    assert_problem(await workshop.make(b"{ }"), 409, "IDEMPOTENCY_KEY_REUSED")
    assert_problem(await workshop.make(query="?priority=1"), 409, "IDEMPOTENCY_KEY_REUSED")


async def test_a_request_under_way_is_not_run_beside_itself(workshop: Workshop) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await may_end.wait()

    workshop.act = wait
    first = asyncio.create_task(workshop.make())
    await begun.wait()
    workshop.clock.advance(ms=TAKE_OVER_AFTER_MS - 1)
    assert_problem(await workshop.make(), 409, "IDEMPOTENCY_IN_PROGRESS")
    may_end.set()
    assert (await first).json() == (await workshop.make()).json()
    assert len(workshop.creation_ids) == 1


async def test_a_request_whose_process_died_is_continued_under_the_same_id_after_a_minute(
    workshop: Workshop,
) -> None:
    begun = asyncio.Event()

    async def die() -> None:
        begun.set()
        await asyncio.Event().wait()

    workshop.act = die
    dead = asyncio.create_task(workshop.make())
    await begun.wait()
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    workshop.act = _succeed
    workshop.clock.advance(ms=TAKE_OVER_AFTER_MS)
    responses = await asyncio.gather(*(workshop.make() for _ in range(5)))
    assert [response.status_code for response in responses].count(201) >= 1
    assert {response.status_code for response in responses} <= {201, 409}
    assert len(workshop.creation_ids) == 2
    assert len(set(workshop.creation_ids)) == 1


async def test_after_an_outage_a_repeat_continues_at_once_under_the_same_id(workshop: Workshop) -> None:
    workshop.act = failing(Unavailable("away"))
    assert_problem(await workshop.make(), 503, "UNAVAILABLE")
    workshop.act = _succeed
    repeat = await workshop.make()
    assert repeat.status_code == 201
    assert len(set(workshop.creation_ids)) == 1


async def test_after_a_crash_a_repeat_continues_at_once_under_the_same_id(workshop: Workshop) -> None:
    workshop.act = failing(RuntimeError("a defect"))
    assert_problem(await workshop.make(), 500, "INTERNAL_ERROR")
    workshop.act = _succeed
    assert (await workshop.make()).status_code == 201
    assert len(set(workshop.creation_ids)) == 1


async def test_a_refusal_frees_the_key_for_another_body(workshop: Workshop) -> None:
    workshop.act = failing(Invalid("no"))
    assert_problem(await workshop.make(), 400, "INVALID_INPUT")
    workshop.act = _succeed
    assert (await workshop.make(b'{"better":true}')).status_code == 201


async def test_keys_are_forgotten_after_a_day(workshop: Workshop) -> None:
    await workshop.make()
    workshop.clock.advance(ms=KEEP_MS)
    assert await workshop.idempotent.purge() == 0
    workshop.clock.advance(ms=1)
    assert await workshop.idempotent.purge() == 1
    assert (await workshop.make(b'{"other":true}')).status_code == 201
    assert len(set(workshop.creation_ids)) == 2
