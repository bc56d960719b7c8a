"""What a delivery hands to its job, as `variables.webhook`."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.workflows.domain.limits import MAX_LEVELS
from services.workflows.domain.variables import MAX_VARIABLES_BYTES
from shared.kernel.clock import iso_utc
from shared.kernel.errors import Invalid, TooLarge
from shared.kernel.json_limits import nesting_exceeds

VARIABLE: Final = "webhook"
PASSED_ON: Final = (
    "content-type",
    "user-agent",
    "x-correlation-id",
    "x-event-type",
    "x-github-event",
    "x-gitlab-event",
)
"""The headers a job sees: what tells of the event. Credentials, signatures and addresses are not among them."""
LONGEST_HEADER: Final = 512


class PayloadTooLarge(TooLarge):
    """The delivery's body is over what a job's variables may hold."""

    code = "PAYLOAD_TOO_LARGE"


class _Delivered(msgspec.Struct):
    body_sha256: str = ""


class _Variables(msgspec.Struct):
    webhook: _Delivered = msgspec.field(default_factory=_Delivered)


def variables_of_delivery(
    *, body: bytes, headers: Mapping[str, str], delivery_id: str, received_ms: int
) -> dict[str, Any]:
    """The job's variables. Raises `PayloadTooLarge`, or `Invalid` for what is neither valid JSON nor UTF-8 text."""
    if len(body) > MAX_VARIABLES_BYTES:
        raise PayloadTooLarge(f"The payload has {len(body)} bytes; at most {MAX_VARIABLES_BYTES} are allowed.")
    return {
        VARIABLE: {
            **_content(body, headers.get("content-type", "")),
            "headers": {name: headers[name][:LONGEST_HEADER] for name in PASSED_ON if name in headers},
            "delivery_id": delivery_id,
            "received_at": iso_utc(received_ms),
            "body_sha256": digest_of(body),
        }
    }


def digest_of(body: bytes) -> str:
    """SHA-256 of the body as it was sent, lower-case hex."""
    return hashlib.sha256(body).hexdigest()


def delivered_digest(variables_json: str) -> str:
    """The digest that `variables_of_delivery` put into a job's variables."""
    return msgspec.json.decode(variables_json, type=_Variables).webhook.body_sha256


def _content(body: bytes, content_type: str) -> dict[str, Any]:
    """`body` for JSON (RFC 8259, RFC 6839 suffix), `text` for anything else."""
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type != "application/json" and not media_type.endswith("+json"):
            return {"text": body.decode()}
        value = msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise Invalid.field("body", "is neither JSON nor UTF-8 text") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid.field("body", f"is not valid JSON: {error}") from error
    if nesting_exceeds(value, MAX_LEVELS):
        raise Invalid.field("body", f"is nested more than {MAX_LEVELS} levels deep")
    return {"body": value}
