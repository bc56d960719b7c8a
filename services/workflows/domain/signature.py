"""Who may trust a delivery: its signature, over its id, time and body, in either of two forms.

Standard Webhooks 1.0 (symmetric): `webhook-id`, `webhook-timestamp`, and `webhook-signature`, a space-separated list
of `v1,<base64>`; HMAC-SHA256 of `<id>.<timestamp>.<body>` under the bytes that `whsec_<base64>` stands for.

The simple form, which a shell can make: `X-Webhook-Timestamp` and `X-Webhook-Signature: sha256=<hex>`; HMAC-SHA256 of
`<timestamp>.<body>` under the secret's text as it was shown. A sender with ids of its own adds `X-Webhook-Id` and signs
`<id>.<timestamp>.<body>`: an id that is not signed could be exchanged, and the delivery be replayed under another one.
Without it the signature is the id.

The two forms have different keys, and ids hold no full stop, so no signature is good for another reading of its text.
"""

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the form's mark, no secret
MAX_SIGNATURES: Final = 10
"""Of one delivery: a sender that changes its secret signs with the old and the new one."""
_DELIVERY_ID: Final = re.compile(r"[!-\-/-~]{1,128}")  # printable ASCII but the full stop
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """What a delivery says of itself; nothing of it is believed until `is_authentic`."""

    delivery_id: str
    timestamp_seconds: int
    signed_prefix: bytes
    """What stands before the body in the signed text."""
    signatures: tuple[bytes, ...]
    is_simple: bool

    def is_recent(self, now_ms: int, window_seconds: int) -> bool:
        """Whether it was signed at most `window_seconds` ago, or ahead by a clock that is fast."""
        return abs(now_ms - self.timestamp_seconds * 1000) <= window_seconds * 1000

    def is_authentic(self, body: bytes, secret: str) -> bool:
        """Whether one of the signatures is right. Takes the same time whichever byte is wrong."""
        expected = self._expected(body, secret)
        matches = [hmac.compare_digest(expected, signature) for signature in self.signatures]
        return any(matches)

    def _expected(self, body: bytes, secret: str) -> bytes:
        key = secret.encode() if self.is_simple else b64decode(secret.removeprefix(SECRET_PREFIX))
        digest = hmac.digest(key, self.signed_prefix + body, "sha256")
        return b"sha256=" + digest.hex().encode() if self.is_simple else b"v1," + b64encode(digest)


def read_delivery(headers: Mapping[str, str]) -> SignedDelivery | None:
    """What the headers (any case) say, or None when they are incomplete or malformed."""
    return _standard(headers) if "webhook-signature" in headers else _simple(headers)


def _standard(headers: Mapping[str, str]) -> SignedDelivery | None:
    delivery_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _DELIVERY_ID.fullmatch(delivery_id) or not _TIMESTAMP.fullmatch(timestamp):
        return None
    return SignedDelivery(
        delivery_id=delivery_id,
        timestamp_seconds=int(timestamp),
        signed_prefix=f"{delivery_id}.{timestamp}.".encode(),
        signatures=tuple(part.encode() for part in headers["webhook-signature"].split()[:MAX_SIGNATURES]),
        is_simple=False,
    )


def _simple(headers: Mapping[str, str]) -> SignedDelivery | None:
    signature, timestamp = headers.get("x-webhook-signature", ""), headers.get("x-webhook-timestamp", "")
    given_id = headers.get("x-webhook-id")
    if not signature or not _TIMESTAMP.fullmatch(timestamp):
        return None
    # Digits alone could be read as a timestamp: the text of an id and that of a body would change places.
    if given_id is not None and (not _DELIVERY_ID.fullmatch(given_id) or given_id.isdigit()):
        return None
    return SignedDelivery(
        delivery_id=given_id or signature,
        timestamp_seconds=int(timestamp),
        signed_prefix=f"{timestamp}.".encode() if given_id is None else f"{given_id}.{timestamp}.".encode(),
        signatures=(signature.encode(),),
        is_simple=True,
    )
