"""A gateway's identities, the auth service they ask, and a clock that stands still."""

from gateway.identity import AuthClient, Caller, Credential, Identities
from shared.events import encode, wrap
from shared.events.auth import AuthEvent
from shared.messaging import Message, Subscription
from shared.messaging.in_process import InProcessBus
from shared.web.credentials import ISSUER
from shared.web.tokens import InternalTokens
from tests.support.clock import ManualClock
from tests.support.credentials import FakeAuth


class Door:
    """Shows credentials to `Identities` and tells it of events."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.auth = FakeAuth(self.clock)
        self.tokens = InternalTokens("internal-key-of-at-least-32-characters", self.clock)
        auth = AuthClient(self.auth, self.tokens)
        self.identities = Identities(auth, self.clock, issuer=ISSUER, api_key_cache_ms=5000)

    async def show_token(self, token: str) -> Caller:
        """Who holds the access token."""
        return await self.identities.verify(Credential("token", token))

    async def show_key(self, key: str) -> Caller:
        """Who holds the API key."""
        return await self.identities.verify(Credential("api_key", key))

    async def hear(self, data: AuthEvent) -> None:
        """Publish an event of auth on a bus that the identities listen to."""
        bus = InProcessBus(_no_parking)
        await bus.start()
        await self.identities.attach(bus)
        await bus.subscribe(Subscription("somebody-else", ("#",)), _ignore)
        event = wrap(data, event_id="e1", subject="s", tenant_id="default", version=2, at_ms=self.clock.now_ms())
        assert await bus.publish([Message(event.id, event.type, encode(event))]) == [True]

    async def do(self, duty_name: str) -> None:
        """Run one of the timed duties now."""
        [duty] = [duty for duty in self.identities.duties() if duty.name == duty_name]
        await duty.action()


async def _no_parking(subscription: str, message: Message, reason: str) -> None:
    raise AssertionError(f"{subscription} could not handle {message.key}: {reason}")


async def _ignore(body: bytes) -> None:
    pass
