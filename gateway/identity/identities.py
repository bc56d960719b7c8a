"""From a presented credential to a verified caller, and what is heard about credentials that ended."""

from collections.abc import Sequence
from typing import Final

from gateway.errors import CredentialInvalid, CredentialRevoked
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.api_keys import ApiKeys
from gateway.identity.auth_client import AuthClient
from gateway.identity.caller import Caller
from gateway.identity.credentials import Credential
from gateway.identity.revocations import RevokedSessions
from gateway.identity.signing_keys import SigningKeys
from shared.events import CloudEvent
from shared.events.auth import ApiKeyRevoked, SessionRevoked
from shared.kernel.clock import Clock
from shared.kernel.errors import Unauthenticated
from shared.kernel.identity import Identity
from shared.messaging import Bus, Consumer, Delivery, Subscription
from shared.web.credentials import RevokedSession
from shared.web.periodic import Duty

REVOCATIONS_EVERY_SECONDS: Final = 30.0
"""Events tell at once; this finds what was revoked while none could arrive."""
SIGNING_KEYS_EVERY_SECONDS: Final = 300.0

SUBSCRIPTION: Final = Subscription(
    "gateway-revocations", (SessionRevoked.TYPE, ApiKeyRevoked.TYPE), delivery=Delivery.BROADCAST
)


class Identities:
    """Verifies credentials for one gateway replica."""

    def __init__(self, auth: AuthClient, clock: Clock, *, issuer: str, api_key_cache_ms: int) -> None:
        self._auth = auth
        self._signing_keys = SigningKeys(self._auth.signing_keys, clock)
        self._revoked = RevokedSessions(self._list_revocations, clock)
        self._access_tokens = AccessTokens(self._signing_keys, self._revoked, clock, issuer=issuer)
        self._api_keys = ApiKeys(self._auth.verify_api_key, clock, cache_ms=api_key_cache_ms)

    async def verify(self, credential: Credential) -> Caller:
        """Who holds `credential`. Raises an `Unauthenticated`, or `Unavailable` when auth is needed and away."""
        if credential.kind == "api_key":
            return await self._api_keys.verify(credential.text)
        return await self._access_tokens.verify(credential.text)

    def heard_of(self, identity: Identity) -> Unauthenticated | None:
        """Why a caller who was verified is refused now, as far as this gateway has heard; nobody is asked."""
        if identity.session_id is not None and identity.session_id in self._revoked:
            return CredentialRevoked("The access token has been revoked.")
        if identity.kind == "robot" and self._api_keys.is_revoked(identity.subject):
            return CredentialInvalid("The API key has been revoked.")
        return None

    def end_session(self, session_id: str) -> None:
        """Refuse the session's tokens from now on, without waiting for the event."""
        self._revoked.add(session_id)

    async def attach(self, bus: Bus) -> None:
        """Hear of revocations from now on."""
        handlers = {SessionRevoked.TYPE: self._on_session_revoked, ApiKeyRevoked.TYPE: self._on_api_key_revoked}
        await Consumer(handlers).attach(bus, SUBSCRIPTION)

    def duties(self) -> Sequence[Duty]:
        """What is done from time to time."""
        return (
            Duty("revocations", REVOCATIONS_EVERY_SECONDS, self._revoked.refresh),
            Duty("signing-keys", SIGNING_KEYS_EVERY_SECONDS, self._signing_keys.refresh),
        )

    async def _list_revocations(self) -> Sequence[RevokedSession]:
        listed = await self._auth.revocations()
        self._api_keys.revoke(listed.api_key_ids)
        return listed.sessions

    async def _on_session_revoked(self, event: CloudEvent) -> None:
        ended = event.data_as(SessionRevoked)
        self._revoked.add(ended.session_id, ended.tokens_expire_ms)

    async def _on_api_key_revoked(self, event: CloudEvent) -> None:
        self._api_keys.revoke([event.data_as(ApiKeyRevoked).key_id])
