"""Keeping a login that was refused."""

import hashlib
from typing import Final

import msgspec

from services.auth.domain.audit import INSTALLATION, AuditEntry, Outcome, cut
from services.auth.domain.lockout import LoginLocked, attacker_address
from services.auth.domain.user import InvalidCredentials
from services.auth.ports import AuditEntries, Users
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId
from shared.kernel.origin import current_origin

LOGIN: Final = "POST /api/v1/auth/login"
ONE_LOCKED_PER_MS: Final = 60_000
"""A locked address may try as fast as it can: what it is refused within a minute is one entry."""

_STATUS: Final = {InvalidCredentials: 401, LoginLocked: 429}


class RecordFailedLogin:
    """Written before the caller is told, by the same steps for an unknown user, a wrong password and a locked account.

    The entry belongs to the tenant that the user would have entered; without such a user to the installation.
    """

    def __init__(self, *, users: Users, entries: AuditEntries, clock: Clock, new_id: NewId) -> None:
        self._users = users
        self._entries = entries
        self._clock = clock
        self._new_id = new_id

    async def __call__(
        self, *, username: str, tenant_id: str | None, address: str, refusal: InvalidCredentials | LoginLocked
    ) -> None:
        """Return when it is stored. Raises `Unavailable`."""
        now_ms = self._clock.now_ms()
        user = await self._users.get(username)
        member = user.membership(tenant_id) if user else None
        is_locked = isinstance(refusal, LoginLocked)
        await self._entries.add(
            AuditEntry(
                id=_id_of_lock(address, now_ms) if is_locked else self._new_id(),
                tenant_id=member.tenant_id if member else INSTALLATION,
                at_ms=now_ms,
                action=LOGIN,
                outcome=Outcome.REFUSED,
                actor_kind="anonymous",
                actor_id=username,
                resource_kind="user",
                resource_id=username,
                address=cut(address),
                request_id=current_origin().request_id,
                status=_STATUS[type(refusal)],
                detail_json=msgspec.json.encode({"code": refusal.code}).decode(),
            )
        )


def _id_of_lock(address: str, now_ms: int) -> str:
    """The same for all that an address is refused within one minute."""
    words = f"{attacker_address(address)} {now_ms // ONE_LOCKED_PER_MS}"
    return f"locked-{hashlib.sha256(words.encode()).hexdigest()[:32]}"
