"""What all models have in common."""

import msgspec


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Something the server described: immutable. Fields that a newer server adds are ignored; times are aware UTC."""
