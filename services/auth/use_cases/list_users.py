"""Listing a tenant's users."""

from collections.abc import Sequence

from services.auth.domain.user import User
from services.auth.ports import Users
from shared.kernel.identity import Identity


class ListUsers:
    """Shows the users of the caller's tenant, whatever other tenants they belong to."""

    def __init__(self, *, users: Users) -> None:
        self._users = users

    async def __call__(self, *, caller: Identity, limit: int, offset: int) -> tuple[Sequence[User], int]:
        """A page by user name, and how many there are in all."""
        return await self._users.page(caller.tenant_id, limit=limit, offset=offset)
