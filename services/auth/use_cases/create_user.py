"""Creating a user."""

from dataclasses import dataclass

from services.auth.domain.user import FIRST_VERSION, User, UserExists
from services.auth.ports import Passwords, Users, WaitingLine
from shared.events import CloudEvent, wrap
from shared.events.auth import UserCreated
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId
from shared.kernel.permissions import Role


@dataclass(frozen=True, slots=True)
class NewUser:
    """What an administrator decides about a user."""

    user_id: str
    password: str
    role: Role
    display_name: str | None = None
    email: str | None = None


class CreateUser:
    """Adds somebody to the caller's tenant, under a name that nobody else has.

    The user remembers the creation, so that its repeat finds it done. A name whose account is gone is free again, also
    while its last document is kept: it goes on from that version, so that no session of its former bearer revives.
    """

    def __init__(self, *, users: Users, passwords: Passwords, line: WaitingLine, clock: Clock, new_id: NewId) -> None:
        self._users = users
        self._passwords = passwords
        self._line = line
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, caller: Identity, wanted: NewUser, creation_id: str) -> User:
        """The new user, or the one this creation made before. Raises `UserExists`, `Unavailable`."""
        former = await self._users.get(wanted.user_id)
        if former is not None and former.tenants:
            return _made_by(creation_id, former)
        async with self._line.turn():
            password_hash = await self._passwords.hash(wanted.password)
        user = self._user(caller.tenant_id, wanted, password_hash, creation_id, former)
        event = self._event(user, caller.tenant_id)
        stored = self._users.add(user, event) if former is None else self._users.change(former, user, event)
        if await stored:
            return user
        return _made_by(creation_id, await self._users.get(wanted.user_id) or user)

    def _user(self, tenant_id: str, wanted: NewUser, password_hash: str, creation_id: str, former: User | None) -> User:
        version = FIRST_VERSION if former is None else former.version + 1
        return User(
            user_id=wanted.user_id,
            version=version,
            password_hash=password_hash,
            tenants={tenant_id: wanted.role},
            created_ms=self._clock.now_ms(),
            sessions_from={} if former is None else {**former.sessions_from, tenant_id: version},
            display_name=wanted.display_name,
            email=wanted.email,
            creation_id=creation_id,
        )

    def _event(self, user: User, tenant_id: str) -> CloudEvent:
        return wrap(
            UserCreated(user_id=user.user_id, role=user.tenants[tenant_id].value),
            event_id=self._new_id(),
            subject=user.user_id,
            tenant_id=tenant_id,
            version=user.version,
            at_ms=user.created_ms,
        )


def _made_by(creation_id: str, user: User) -> User:
    if user.creation_id != creation_id:
        raise UserExists(user.user_id)
    return user
