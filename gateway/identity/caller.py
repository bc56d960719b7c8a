"""A verified identity, ready for use on the request path."""

from dataclasses import dataclass
from typing import Final

from shared.kernel.identity import ANONYMOUS, Identity


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and whose buckets they drain (clarifications 9: the credential's)."""

    identity: Identity
    bucket_key: str
    expires_ms: int | None = None
    """When the credential ends by itself."""

    @classmethod
    def of(cls, identity: Identity, expires_ms: int | None = None) -> "Caller":
        """The caller that `identity` describes. All of a user's sessions in one tenant share their buckets."""
        return cls(identity, f"{identity.kind}:{identity.tenant_id}:{identity.subject}", expires_ms)


NOBODY: Final = Caller.of(ANONYMOUS)
