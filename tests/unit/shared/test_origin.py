"""Events tell who asked for the change that they announce."""

from shared.events import CloudEvent, decode, encode, wrap
from shared.events.auth import UserLoggedIn
from shared.kernel.origin import SYSTEM, Origin, originating
from shared.messaging import Consumer

ADA = Origin("user", "ada", "192.0.2.7", "request-1")
DATA = UserLoggedIn(user_id="ada", session_id="s-1")


def _event() -> bytes:
    return encode(wrap(DATA, event_id="e-1", subject="s-1", tenant_id="default", version=1, at_ms=1))


def test_an_event_carries_the_origin_it_was_made_under() -> None:
    with originating(ADA):
        body = _event()
    assert decode(body).origin == ADA


def test_an_event_of_nobody_says_so() -> None:
    assert decode(_event()).origin == SYSTEM


async def test_what_follows_from_an_event_has_its_origin() -> None:
    follow_ups = []

    async def follow(event: CloudEvent) -> None:
        follow_ups.append(decode(_event()).origin)

    with originating(ADA):
        body = _event()
    await Consumer({UserLoggedIn.TYPE: follow}).handle(body)
    assert follow_ups == [ADA]
