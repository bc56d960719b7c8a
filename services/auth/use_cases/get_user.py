"""Reading one user of a tenant."""

from services.auth.domain.user import User, UserNotFound
from services.auth.ports import Users


class GetUser:
    """Finds the users of one tenant; those of others are not there."""

    def __init__(self, *, users: Users) -> None:
        self._users = users

    async def __call__(self, *, tenant_id: str, user_id: str) -> User:
        """The user. Raises `UserNotFound`."""
        user = await self._users.get(user_id)
        if user is None or tenant_id not in user.tenants:
            raise UserNotFound(user_id)
        return user
