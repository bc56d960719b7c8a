"""What an identity may do. Roles are cumulative (clarifications 5); every route declares one permission."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A user's role; each includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    DEVELOPER = "developer"
    ADMIN = "admin"


class Permission(StrEnum):
    """The one permission a route asks for."""

    PUBLIC = "public"
    ANY_USER = "any-user"
    READ = "read"
    OPERATE = "operate"
    DEVELOP = "develop"
    ADMINISTER = "administer"
    ROBOT = "robot"
    """Acting as a robot: register, claim, report, heartbeat."""
    ROBOT_OR_OPERATE = "robot-or-operate"
    """Progress reports and robots' status, which the contract opens to robots and to users."""
    ROBOT_OR_READ = "robot-or-read"
    """What agents read about themselves: `GET /metrics/robots/{id}` decides whether they register."""
    INTERNAL = "internal"
    """Between services only; the gateway never relays such a route."""


_INCLUDES: Final[dict[Role, frozenset[Permission]]] = {
    Role.VIEWER: frozenset({Permission.ANY_USER, Permission.READ, Permission.ROBOT_OR_READ}),
    Role.OPERATOR: frozenset({Permission.OPERATE, Permission.ROBOT_OR_OPERATE}),
    Role.DEVELOPER: frozenset({Permission.DEVELOP}),
    Role.ADMIN: frozenset({Permission.ADMINISTER}),
}

ROBOT_PERMISSIONS: Final = frozenset(
    {Permission.PUBLIC, Permission.ROBOT, Permission.ROBOT_OR_OPERATE, Permission.ROBOT_OR_READ}
)
"""What a robot's API key may do."""

ALL_ROLES: Final = tuple(Role)


def roles_up_to(role: Role) -> tuple[Role, ...]:
    """`role` and every role it includes, highest first, as `/auth/me` lists them."""
    return tuple(reversed(ALL_ROLES[: ALL_ROLES.index(role) + 1]))


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Every permission that `roles`, being cumulative, grant."""
    if not roles:
        return frozenset({Permission.PUBLIC})
    highest = max(ALL_ROLES.index(role) for role in roles)
    granted = {Permission.PUBLIC}
    for role in ALL_ROLES[: highest + 1]:
        granted |= _INCLUDES[role]
    return frozenset(granted)
