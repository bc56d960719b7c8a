"""Checking a password, under the lockout."""

from services.auth.domain.lockout import Attempt, LoginLocked, Verdict, attacker_address
from services.auth.domain.user import InvalidCredentials, Membership
from services.auth.ports import FailedLogins, Passwords, Tenants, Users, WaitingLine
from shared.kernel.identity import DEFAULT_TENANT
from shared.kernel.ids import NewId


class Authenticate:
    """Tells whether a user name and password are right.

    An unknown user, a wrong password, a tenant that is foreign or closed to the user and a locked account cost the
    same work, and all but the lock read the same (clarifications 4). A locked address is turned away at once: that
    tells nothing about accounts.
    """

    def __init__(
        self,
        *,
        users: Users,
        tenants: Tenants,
        failed_logins: FailedLogins,
        passwords: Passwords,
        line: WaitingLine,
        new_id: NewId,
    ) -> None:
        self._users = users
        self._tenants = tenants
        self._failed_logins = failed_logins
        self._passwords = passwords
        self._line = line
        self._new_id = new_id

    async def __call__(self, *, username: str, password: str, tenant_id: str | None, address: str) -> Membership:
        """The user in the tenant asked for. Raises `InvalidCredentials`, `LoginLocked` or `Unavailable`."""
        user = await self._users.get(username)
        wanted = tenant_id or (user.home if user else "") or DEFAULT_TENANT
        tenant = await self._tenants.get(wanted)  # also for nobody: each refusal asks the store the same
        attempt = Attempt(self._new_id(), username, attacker_address(address))
        async with self._line.turn():
            admission = await self._failed_logins.reserve(attempt)
            if admission.verdict is Verdict.REFUSED:
                raise LoginLocked(admission.retry_after_ms)
            # Dying from here on, the attempt keeps its place: an undecided guess counts as one.
            is_right = await self._passwords.verify(user.password_hash if user else None, password)
            if admission.verdict is Verdict.ACCOUNT_LOCKED:
                await self._failed_logins.fail(attempt)
                raise LoginLocked(admission.retry_after_ms)
            member = user.membership(wanted) if user and is_right else None
            if member is None or (tenant is not None and tenant.is_disabled):
                await self._failed_logins.fail(attempt)
                raise InvalidCredentials
            await self._failed_logins.forgive(attempt)
            return member
