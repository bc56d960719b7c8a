"""Whether a socket may be opened: the page it comes from, who is asking, and whether their bucket has a token."""

from dataclasses import dataclass, replace
from typing import Final

from gateway.client_address import bucket_key_of
from gateway.headers import Inbound
from gateway.identity import NOBODY, Caller, Credential, Identities, credential_in, split_query
from gateway.limits import Buckets, refuse_if_empty
from gateway.rate_limits import Limit
from gateway.routing import SocketRoute
from gateway.sockets.origins import may_connect_from
from gateway.sockets.refusal import FOREIGN_ORIGIN, SocketRefused
from shared.kernel.errors import Unauthenticated

GUESSES_PER_MINUTE: Final = 120


@dataclass(slots=True)
class Attempt:
    """What is known of one handshake, for the audit and the logs."""

    request_id: str
    path: str
    address: str
    route: SocketRoute | None = None
    caller: Caller = NOBODY
    """Once verified."""
    credential: Credential | None = None
    code: str = ""
    """Of the problem, where it was found here."""
    was_open: bool = False
    """Its end was no refusal."""

    @property
    def claimed_key_id(self) -> str:
        """Of an API key that is not valid."""
        return "" if self.credential is None or self.caller is not NOBODY else self.credential.claimed_key_id


@dataclass(frozen=True, slots=True)
class Admitted:
    """A verified caller, and the query without their credential."""

    caller: Caller
    credential: Credential
    query: bytes


class SocketAdmission:
    """As for requests: identity first, then the bucket, which belongs to the credential (clarifications 9)."""

    def __init__(self, identities: Identities, buckets: Buckets, origins: frozenset[str]) -> None:
        self._identities = identities
        self._buckets = buckets
        self._origins = origins

    async def admit(self, route: SocketRoute, inbound: Inbound, query: bytes, attempt: Attempt) -> Admitted:
        """The caller, once a token was taken. Raises `SocketRefused`, or an `Unauthenticated`, `RateLimited` or
        `Unavailable`. Without a valid credential the bucket is the client address's.
        """
        if not may_connect_from(inbound.first(b"origin"), inbound.first(b"host"), self._origins):
            raise SocketRefused(FOREIGN_ORIGIN)
        in_query, query = split_query(query)
        try:
            attempt.credential = credential = credential_in(
                inbound.all(b"authorization"), inbound.all(b"x-api-key"), in_query
            )
            caller = await self._identities.verify(credential)
        except Unauthenticated:
            await self._take(_for_guesses(route.limit), bucket_key_of(attempt.address))
            raise
        attempt.caller = caller
        await self._take(route.limit, caller.bucket_key)
        return Admitted(caller, credential, query)

    async def _take(self, limit: Limit | None, bucket_key: str) -> None:
        if limit is not None:
            refuse_if_empty(await self._buckets.take(bucket_key, limit), limit)


def _for_guesses(limit: Limit | None) -> Limit | None:
    """What an address may try without a valid credential: no fleet connects that way."""
    return limit and replace(limit, capacity=min(limit.capacity, GUESSES_PER_MINUTE))
