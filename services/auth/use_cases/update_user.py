"""Changing a user's role, password, state or profile."""

from dataclasses import dataclass
from typing import Final

import msgspec

from services.auth.domain.session import USER_CHANGED
from services.auth.domain.user import SharedAccount, User, UserChange
from services.auth.ports import Passwords, WaitingLine
from services.auth.use_cases.get_user import GetUser
from services.auth.use_cases.store_user_change import PlannedChange, StoreUserChange
from shared.events.auth import UserUpdated
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role

MAX_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class WantedUpdate:
    """What an administrator wants to be different; None stays as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password: str | None = None
    display_name: str | None = None
    email: str | None = None


class UpdateUser:
    """Changes a user in the caller's tenant.

    Role and state belong to the tenant. Password and profile count everywhere, so an administrator may set them only
    while the user belongs to no other tenant: else administering one tenant would open the others.
    """

    def __init__(
        self, *, get_user: GetUser, store: StoreUserChange, passwords: Passwords, line: WaitingLine, clock: Clock
    ) -> None:
        self._get_user = get_user
        self._store = store
        self._passwords = passwords
        self._line = line
        self._clock = clock

    async def __call__(self, *, caller: Identity, user_id: str, wanted: WantedUpdate) -> User:
        """The user afterwards. Raises `UserNotFound`, `SharedAccount`, `LastAdmin` or `Unavailable`."""
        tenant_id = caller.tenant_id
        change = await self._change(tenant_id, await self._get_user(tenant_id=tenant_id, user_id=user_id), wanted)
        for _ in range(MAX_TRIES):
            before = await self._get_user(tenant_id=tenant_id, user_id=user_id)
            after = before.changed(tenant_id, change, self._clock.now_ms())
            if msgspec.structs.replace(after, version=before.version) == before:
                return before
            if await self._store(_planned(before, after, tenant_id)):
                return after
        raise Unavailable("The user kept changing. Try again.")

    async def _change(self, tenant_id: str, user: User, wanted: WantedUpdate) -> UserChange:
        """`wanted` with the password's hash, which is not made for somebody who may not set it."""
        if wanted.password is not None and user.tenants.keys() != {tenant_id}:
            raise SharedAccount(user.user_id)
        return UserChange(
            role=wanted.role,
            disabled=wanted.disabled,
            password_hash=None if wanted.password is None else await self._hash(wanted.password),
            display_name=wanted.display_name,
            email=wanted.email,
        )

    async def _hash(self, password: str) -> str:
        async with self._line.turn():
            return await self._passwords.hash(password)


def _planned(before: User, after: User, tenant_id: str) -> PlannedChange:
    role, disabled = after.tenants[tenant_id], tenant_id in after.disabled_in
    announced = UserUpdated(
        user_id=after.user_id,
        role=role.value if role != before.tenants[tenant_id] else None,
        disabled=disabled if disabled != (tenant_id in before.disabled_in) else None,
        password_changed=after.password_hash != before.password_hash,
        profile_changed=(after.display_name, after.email) != (before.display_name, before.email),
    )
    reason = USER_CHANGED if announced.ends_sessions else None
    return PlannedChange(before, after, tenant_id, announced, reason)
