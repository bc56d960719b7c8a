"""Signing and verifying a webhook's deliveries: Standard Webhooks 1.0, and the simple form."""

import base64
import binascii
import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from casare.errors import ConfigurationProblem, SignatureRefused

Form = Literal["standard", "simple"]

TOLERANCE_SECONDS: Final = 300
_PREFIX: Final = "whsec_"
_MAX_SIGNATURES: Final = 10


def sign(
    secret: str,
    body: bytes,
    timestamp: datetime | int | None = None,
    *,
    delivery_id: str | None = None,
    form: Form = "standard",
) -> dict[str, str]:
    """The headers to send with `body`: these bytes, not JSON that is written anew.

    `timestamp` is now unless given (aware, or seconds since 1970). A repeat with the same `delivery_id` is the same
    delivery; without it, an id is made. Raises ConfigurationProblem for a secret that is none.
    """
    seconds = str(_seconds(timestamp))
    identifier = delivery_id or f"msg_{uuid.uuid4().hex}"
    digest = _digest(secret, form, identifier, seconds, body)
    if form == "simple":
        signature = f"sha256={digest.hex()}"
        return {"X-Webhook-Id": identifier, "X-Webhook-Timestamp": seconds, "X-Webhook-Signature": signature}
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": identifier, "webhook-timestamp": seconds, "webhook-signature": signature}


def verify(
    secret: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: datetime | int | None = None,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> str | None:
    """The id of the delivery, once its signature holds, in either form; None for one without an id.

    Remember ids for `tolerance_seconds` to refuse replays. Raises SignatureRefused, and ConfigurationProblem for a
    secret that is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    form: Form = "standard" if "webhook-signature" in given else "simple"
    prefix = "" if form == "standard" else "x-"
    identifier, seconds = given.get(f"{prefix}webhook-id"), given.get(f"{prefix}webhook-timestamp", "")
    _check_time(seconds, _seconds(now), tolerance_seconds)
    if form == "standard" and not identifier:
        raise SignatureRefused("The header webhook-id is missing.")
    digest = _digest(secret, form, identifier, seconds, body)
    signatures = _signatures(form, given.get(f"{prefix}webhook-signature", ""))
    if not any(hmac.compare_digest(digest, each) for each in signatures):
        raise SignatureRefused("No signature fits the body, its time and its id.")
    return identifier


def _seconds(moment: datetime | int | None) -> int:
    if moment is None:
        return int(time.time())
    if isinstance(moment, int):
        return moment
    if moment.tzinfo is None:
        raise ConfigurationProblem("The timestamp has no time zone: pass an aware datetime.")
    return int(moment.timestamp())


def _digest(secret: str, form: Form, identifier: str | None, seconds: str, body: bytes) -> bytes:
    head = f"{seconds}." if identifier is None else f"{identifier}.{seconds}."
    return hmac.digest(_key(secret, form), head.encode() + body, hashlib.sha256)


def _key(secret: str, form: Form) -> bytes:
    if form == "simple":
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigurationProblem(
            "The webhook's secret is not one: it begins with whsec_ and goes on in base64."
        ) from error


def _check_time(text: str, now: int, tolerance: int) -> None:
    if not (text.isascii() and text.isdigit() and len(text) < 13):
        raise SignatureRefused("The timestamp's header is missing or no number of seconds.")
    if abs(int(text) - now) > tolerance:
        raise SignatureRefused(f"The delivery was signed more than {tolerance} s ago, or the clocks differ by that.")


def _signatures(form: Form, text: str) -> list[bytes]:
    if form == "simple":
        return [_decoded(text.removeprefix("sha256="), form)] if text.startswith("sha256=") else []
    versioned = [each.partition(",") for each in text.split()[:_MAX_SIGNATURES]]
    return [_decoded(signature, form) for version, _, signature in versioned if version == "v1"]


def _decoded(text: str, form: Form) -> bytes:
    try:
        return bytes.fromhex(text) if form == "simple" else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
