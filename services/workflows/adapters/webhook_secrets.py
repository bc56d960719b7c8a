"""Tokens and secrets of webhooks, made from one key and the webhook's id.

A signature can only be checked with the secret itself, so a hash of it would not do. To derive it rather than to store
it means that whoever reads the store learns nothing that signs, that a repeated creation can show the same secret, and
that there is no ciphertext to keep in step. The price: a new key is a new secret for every webhook. The key is
therefore a setting of its own, `CASARE_WEBHOOK_KEY`; without it the internal key serves, and whoever changes that one
puts the old value here and keeps all webhooks alive.
"""

import hmac
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

import msgspec

from services.workflows.domain.signature import SECRET_PREFIX

_TOKEN_PURPOSE: Final = b"casare webhook tokens"
_SECRET_PURPOSE: Final = b"casare webhook secrets"
_ID_BYTES: Final = 16
_PROOF_BYTES: Final = 16
"""128 bits, which nobody guesses; a token without the right ones is refused without asking the store."""
_TOKEN_LENGTH: Final = 43


class DerivedWebhookSecrets:
    """`WebhookSecrets` by HMAC-SHA256, one key per purpose. A token is the webhook's id and a proof, as base64url."""

    def __init__(self, key: str) -> None:
        self._token_key = hmac.digest(key.encode(), _TOKEN_PURPOSE, "sha256")
        self._secret_key = hmac.digest(key.encode(), _SECRET_PURPOSE, "sha256")

    def token_of(self, webhook_id: str) -> str:
        raw_id = UUID(webhook_id).bytes
        return urlsafe_b64encode(raw_id + self._proof_of(raw_id)).rstrip(b"=").decode()

    def webhook_id_of(self, token: str) -> str | None:
        if len(token) != _TOKEN_LENGTH or not token.isascii():
            return None
        try:
            raw = urlsafe_b64decode(token + "=")
        except ValueError:
            return None
        webhook_id = str(UUID(bytes=raw[:_ID_BYTES].ljust(_ID_BYTES, b"\0")))
        # The whole text is compared: base64 has several spellings of the same bytes, and a URL has one.
        return webhook_id if hmac.compare_digest(self.token_of(webhook_id).encode(), token.encode()) else None

    def secret_of(self, tenant_id: str, webhook_id: str) -> str:
        content = msgspec.json.encode([tenant_id, webhook_id])
        return SECRET_PREFIX + b64encode(hmac.digest(self._secret_key, content, "sha256")).decode()

    def _proof_of(self, raw_id: bytes) -> bytes:
        return hmac.digest(self._token_key, raw_id, "sha256")[:_PROOF_BYTES]
