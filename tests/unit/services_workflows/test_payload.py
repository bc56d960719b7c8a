"""What a delivery hands to its job."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.workflows.domain.payload import PayloadTooLarge, variables_of_delivery
from services.workflows.domain.variables import MAX_VARIABLES_BYTES
from shared.kernel.errors import Invalid


def delivered(body: bytes, content_type: str | None = "application/json", **headers: str) -> Any:
    """`variables.webhook` of a delivery."""
    named: Mapping[str, str] = headers if content_type is None else {"content-type": content_type, **headers}
    return variables_of_delivery(body=body, headers=named, delivery_id="d1", received_ms=1_767_268_800_000)["webhook"]


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"])
def test_json_is_parsed(content_type: str) -> None:
    webhook = delivered(b'{"a": [1, 2.5, null, "\\u00fc"]}', content_type)
    assert webhook["body"] == {"a": [1, 2.5, None, "\u00fc"]}
    assert "text" not in webhook


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json5"])
def test_anything_else_stays_text(content_type: str | None) -> None:
    webhook = delivered(b'{"a": 1}', content_type)
    assert webhook["text"] == '{"a": 1}'
    assert "body" not in webhook


def test_it_tells_id_time_and_digest() -> None:
    webhook = delivered(b"null")
    assert (webhook["delivery_id"], webhook["received_at"]) == ("d1", "2026-01-01T12:00:00.000Z")
    assert webhook["body_sha256"] == "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"


def test_only_headers_that_tell_of_the_event_are_passed_on() -> None:
    told = {"user-agent": "shop/1", "x-github-event": "push" * 1000}
    kept_back = {
        "authorization": "Bearer x",
        "cookie": "c",
        "x-webhook-signature": "sha256=0",
        "x-forwarded-for": "::1",
    }
    headers = delivered(b"1", **told, **kept_back)["headers"]
    assert headers == {
        "content-type": "application/json",
        "user-agent": "shop/1",
        "x-github-event": ("push" * 1000)[:512],
    }


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b"\xff", b"[1,]", b"1e999", b"[" * 65 + b"]" * 65, b"[" * 50_000]
)
def test_json_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid) as raised:
        delivered(body)
    assert raised.value.errors[0].field == "body"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Invalid, match="neither JSON nor UTF-8"):
        delivered(b"\xff\xfe", "application/octet-stream")


def test_64_levels_are_taken() -> None:
    assert delivered(b"[" * 64 + b"]" * 64)["body"] is not None


def test_a_payload_over_its_cap_is_too_large() -> None:
    delivered(b"x" * MAX_VARIABLES_BYTES, "text/plain")
    with pytest.raises(PayloadTooLarge):
        delivered(b"x" * (MAX_VARIABLES_BYTES + 1), "text/plain")
