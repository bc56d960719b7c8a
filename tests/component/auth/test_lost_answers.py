"""Writes whose answer never came (faults 7)."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from services.auth.adapters.mongo_sessions import MongoSessions
from services.auth.app import OUTBOX_COLLECTIONS
from services.auth.domain.session import Lifetimes, Session, begin_session
from services.auth.domain.user import Membership
from services.auth.settings import AuthSettings
from shared.config import load
from shared.events import wrap
from shared.events.auth import UserLoggedIn
from shared.kernel.errors import Unavailable
from shared.kernel.permissions import Role
from shared.web.runtime import Runtime, open_runtime
from tests.support.clock import ManualClock
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.tcp_proxy import TcpProxy, Way

LIFETIMES = Lifetimes(access_ms=3_600_000, refresh_ms=7_200_000)


@pytest.fixture
async def proxy(store_url: str) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(urlsplit(store_url).port or 0) as started:
        yield started


@pytest.fixture
async def runtime(proxy: TcpProxy, database_name: str, clock: ManualClock) -> AsyncIterator[Runtime]:
    url = f"mongodb://127.0.0.1:{proxy.port}/"
    settings = load(AuthSettings, mongodb_url=url, mongodb_database=database_name)
    async with open_runtime(settings, OUTBOX_COLLECTIONS, clock=clock) as started:
        yield started


def session_at(clock: ManualClock) -> Session:
    member = Membership("admin", "default", Role.ADMIN, user_version=1)
    return begin_session(member, session_id="s1", refresh_id="first", now_ms=clock.now_ms(), lifetimes=LIFETIMES)


async def stored_session(sessions: MongoSessions, clock: ManualClock) -> Session:
    session = session_at(clock)
    event = wrap(
        UserLoggedIn(user_id="admin", session_id="s1"),
        event_id="e1",
        subject="s1",
        tenant_id="default",
        version=1,
        at_ms=clock.now_ms(),
    )
    await sessions.add(session, event)
    return session


async def test_a_rotation_whose_answer_was_lost_is_found_out_and_succeeds(
    proxy: TcpProxy, runtime: Runtime, store_url: str, database_name: str, clock: ManualClock
) -> None:
    sessions = MongoSessions(runtime.store, runtime.relay)
    before = await stored_session(sessions, clock)
    after = before.refreshed("second", clock.now_ms(), LIFETIMES)
    beside = load(AuthSettings, mongodb_url=store_url, mongodb_database=database_name)
    async with open_runtime(beside, (), clock=clock) as observer:
        proxy.cut(Way.TO_CLIENT)
        rotation = asyncio.create_task(sessions.refresh(before, after))

        async def is_written() -> bool:
            document = await observer.store.collection("sessions").find_one({"_id": "s1"})
            return document is not None and document["refresh_id"] == "second"

        await eventually(is_written)
        proxy.reset()
        await proxy.heal()

        assert await rotation


async def test_a_rotation_of_which_nobody_can_say_whether_it_was_written_is_unavailable(clock: ManualClock) -> None:
    settings = load(AuthSettings, mongodb_url=f"mongodb://127.0.0.1:{free_port()}/")
    async with open_runtime(settings, OUTBOX_COLLECTIONS, clock=clock) as cut_off:
        sessions = MongoSessions(cut_off.store, cut_off.relay)
        before = session_at(clock)

        with pytest.raises(Unavailable):
            await sessions.refresh(before, before.refreshed("second", clock.now_ms(), LIFETIMES))
