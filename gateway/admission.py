"""Whether a request may pass: who is asking, and whether their bucket still has a token."""

from collections.abc import Sequence

from gateway.client_address import bucket_key_of
from gateway.exchange import Exchange
from gateway.headers import Inbound
from gateway.identity import NOBODY, Caller, Identities, credential_in
from gateway.limits import Buckets, headers_of, refuse_if_empty
from gateway.routing import Access, Route
from shared.kernel.errors import Unauthenticated


class Admission:
    """Identity first, then the bucket, because the bucket belongs to the credential (clarifications 9)."""

    def __init__(self, identities: Identities, buckets: Buckets) -> None:
        self._identities = identities
        self._buckets = buckets

    async def admit(
        self, route: Route, inbound: Inbound, address: str, exchange: Exchange, in_query: Sequence[str] = ()
    ) -> Caller:
        """The caller, once a token was taken. Raises an `Unauthenticated`, `RateLimited` or `Unavailable`.

        Without a valid credential the bucket is the client address's: guessing is limited like everything else.
        `in_query` are the credentials of the query, on routes that take one there.
        """
        if route.access is Access.PUBLIC:
            await self._take(route, bucket_key_of(address), exchange)
            return NOBODY
        credential = None
        try:
            credential = credential_in(inbound.all(b"authorization"), inbound.all(b"x-api-key"), in_query)
            exchange.credential = credential
            caller = await self._identities.verify(credential)
        except Unauthenticated:
            exchange.claimed_key_id = "" if credential is None else credential.claimed_key_id
            await self._take(route, bucket_key_of(address), exchange)
            raise
        exchange.caller = caller.identity
        await self._take(route, caller.bucket_key, exchange)
        return caller

    async def _take(self, route: Route, bucket_key: str, exchange: Exchange) -> None:
        if route.limit is not None:
            decision = await self._buckets.take(bucket_key, route.limit)
            exchange.headers += headers_of(decision)
            refuse_if_empty(decision, route.limit)
