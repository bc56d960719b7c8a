"""Secrets of API keys, made so that a repeated creation can show the same one though it is stored nowhere."""

import hmac

import msgspec

_PURPOSE = b"casare robot api keys"


class DerivedSecrets:
    """`KeySecrets`: HMAC-SHA-256 under a key of its own, made from the signing key's seed."""

    def __init__(self, seed: bytes) -> None:
        self._key = hmac.digest(seed, _PURPOSE, "sha256")

    def derive(self, tenant_id: str, key_id: str, origin: str) -> str:
        return hmac.digest(self._key, msgspec.json.encode([tenant_id, key_id, origin]), "sha256").hex()
