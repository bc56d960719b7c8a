"""The keys that sign and verify users' tokens: Ed25519, named by their thumbprint (RFC 7638, RFC 8037)."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.web.credentials import SIGNING_ALGORITHM


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair and its public name."""

    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    key_id: str
    x: str
    """The public key, base64url."""

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The pair that a 32-byte seed stands for."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key()
        x = _base64url(public.public_bytes_raw())
        return cls(private, public, _thumbprint(x), x)

    def as_jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key."""
        return {"kty": "OKP", "crv": "Ed25519", "x": self.x, "kid": self.key_id, "use": "sig", "alg": SIGNING_ALGORITHM}


class SigningKeys:
    """The key that signs, and the one before it, which only verifies: tokens survive a change of keys."""

    def __init__(self, current_seed: bytes, previous_seed: bytes | None = None) -> None:
        self.current = SigningKey.from_seed(current_seed)
        seeds = [previous_seed] if previous_seed else []
        self._known = {key.key_id: key for key in (self.current, *map(SigningKey.from_seed, seeds))}

    def verifying(self, key_id: object) -> Ed25519PublicKey | None:
        """The public key of that name, if it is one of ours."""
        key = self._known.get(key_id) if isinstance(key_id, str) else None
        return None if key is None else key.public

    def as_jwks(self) -> list[dict[str, str]]:
        """The public halves, the signing one first."""
        return [key.as_jwk() for key in self._known.values()]


def _thumbprint(x: str) -> str:
    members = {"crv": "Ed25519", "kty": "OKP", "x": x}  # in the order RFC 7638 hashes them
    return _base64url(hashlib.sha256(msgspec.json.encode(members)).digest())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
