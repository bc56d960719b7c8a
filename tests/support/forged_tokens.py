"""Access tokens that auth would not issue (yet): of other users, roles and tenants, or past their time."""

from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.deployment import SIGNING_SEED

_ALGORITHM = "EdDSA"


def token_like(genuine: str, *, seed: bytes = SIGNING_SEED, **claims: Any) -> str:
    """A token like `genuine` but for `claims`, signed with the deployment's own key unless `seed` is another."""
    payload = jwt.decode(genuine, options={"verify_signature": False})
    header = jwt.get_unverified_header(genuine)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return jwt.encode({**payload, **claims}, key, algorithm=_ALGORITHM, headers={"kid": header["kid"]})
