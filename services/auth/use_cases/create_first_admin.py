"""Creating the first administrator of a new installation."""

from enum import StrEnum
from typing import Final

from services.auth.domain.user import FIRST_VERSION, User
from services.auth.ports import Passwords, Users
from shared.kernel.clock import Clock
from shared.kernel.identity import DEFAULT_TENANT
from shared.kernel.permissions import Role

FIRST_ADMIN: Final = "admin"


class FirstAdmin(StrEnum):
    """How it stands with the first administrator."""

    EXISTS = "exists"
    CREATED = "created"
    NO_PASSWORD = "no_password"  # noqa: S105 - says that there is none


class CreateFirstAdmin:
    """Lets somebody in where nobody has been created yet.

    Replicas that start together all try; the fixed id lets one succeed. A password given later does not replace
    the stored one.
    """

    def __init__(self, *, users: Users, passwords: Passwords, clock: Clock) -> None:
        self._users = users
        self._passwords = passwords
        self._clock = clock

    async def __call__(self, *, password: str) -> FirstAdmin:
        """What was found or done; an empty `password` creates nobody."""
        if not await self._users.is_empty():
            return FirstAdmin.EXISTS
        if not password:
            return FirstAdmin.NO_PASSWORD
        admin = User(
            user_id=FIRST_ADMIN,
            version=FIRST_VERSION,
            password_hash=await self._passwords.hash(password),
            tenants={DEFAULT_TENANT: Role.ADMIN},
            created_ms=self._clock.now_ms(),
        )
        return FirstAdmin.CREATED if await self._users.add(admin) else FirstAdmin.EXISTS
