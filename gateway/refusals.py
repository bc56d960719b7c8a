"""Whom the gateway refused, on its way to the audit.

Noting costs a request nothing but memory: refusals are told to auth in batches, once a second. What a gateway had not
told yet when it was killed is lost; what auth could not take is kept and told again.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.routing import Route, SocketRoute
from shared.kernel.clock import Clock
from shared.kernel.errors import CasareError, Invalid
from shared.kernel.identity import ANONYMOUS, Identity
from shared.kernel.ids import NewId
from shared.web.periodic import Duty
from shared.web.refusals import MOST_AT_ONCE, RefusedCall, RefusedCalls

NOTED: Final = frozenset({401, 403})
"""Statuses that refuse somebody, and not something."""
MAX_WAITING: Final = 10_000
FLUSH_EVERY_SECONDS: Final = 1.0
_LONGEST_TEXT: Final = 512
"""As auth takes it."""

Send = Callable[[RefusedCalls], Awaitable[None]]
"""Hands refusals to auth; raises `Unavailable`, or `Invalid` when they never will be taken."""

_log: Final = structlog.get_logger(__name__)


class Refusals:
    """Bounded: of alike refusals within a second one is kept, with their number; beyond `MAX_WAITING` all are lost."""

    def __init__(self, send: Send, clock: Clock, new_id: NewId, registry: CollectorRegistry) -> None:
        self._send = send
        self._clock = clock
        self._new_id = new_id
        self._noted: dict[tuple[object, ...], RefusedCall] = {}
        self._waiting: list[RefusedCall] = []
        """Told at least once, perhaps: these no longer change, as their ids stand for what they say."""
        self._n_lost = Counter(
            "casare_gateway_refusals_lost_total", "Refusals that the audit never heard of", registry=registry
        )
        waiting = Gauge("casare_gateway_refusals_waiting", "Refusals to be told to the audit", registry=registry)
        waiting.set_function(lambda: float(len(self._noted) + len(self._waiting)))

    def note(
        self,
        route: Route | SocketRoute,
        *,
        path: str,
        status: int,
        caller: Identity,
        address: str,
        request_id: str,
        code: str = "",
        claimed_key_id: str = "",
    ) -> None:
        """Remember one refusal. Of callers who are nobody, those of one address and route are alike."""
        whose = path if caller is not ANONYMOUS else ""
        alike = (
            route.method,
            route.path,
            status,
            caller.tenant_id,
            caller.subject,
            address,
            code,
            claimed_key_id,
            whose,
        )
        before = self._noted.get(alike)
        if before is not None:
            self._noted[alike] = msgspec.structs.replace(before, times=before.times + 1)
        elif len(self._noted) + len(self._waiting) >= MAX_WAITING:
            self._n_lost.inc()
        else:
            self._noted[alike] = RefusedCall(
                id=self._new_id(),
                at_ms=self._clock.now_ms(),
                method=route.method,
                route=route.path,
                path=_clean(path),
                status=status,
                tenant_id=caller.tenant_id,
                actor_kind=caller.kind,
                actor_id="" if caller is ANONYMOUS else _clean(caller.subject),
                claimed_key_id=claimed_key_id,
                address=address,
                request_id=request_id,
                code=code,
            )

    def duty(self) -> Duty:
        """Tells them regularly."""
        return Duty("tell-refusals", FLUSH_EVERY_SECONDS, self.flush)

    async def flush(self) -> None:
        """Tell auth. Raises `Unavailable`; what was not taken is kept for the next time."""
        self._waiting += self._noted.values()
        self._noted.clear()
        while self._waiting:
            batch = self._waiting[:MOST_AT_ONCE]
            try:
                await self._send(RefusedCalls(batch))
            except Invalid as error:
                self._n_lost.inc(len(batch))
                _log.error("refusals_not_understood", n_refusals=len(batch), reason=error.detail)
            del self._waiting[: len(batch)]

    async def flush_at_the_end(self) -> None:
        """Tell auth for the last time."""
        try:
            await self.flush()
        except CasareError as error:
            self._n_lost.inc(len(self._waiting))
            _log.warning("refusals_lost", n_refusals=len(self._waiting), reason=error.detail)


def _clean(text: str) -> str:
    """`text` as it can be sent and stored: what is no Unicode replaced, and cut."""
    return text.encode("utf-8", "replace").decode()[:_LONGEST_TEXT]
