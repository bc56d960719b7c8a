"""Signatures of deliveries in both forms, against vectors that are not made by the code under test."""

import hashlib
import hmac

import pytest

from services.workflows.domain.signature import SignedDelivery, read_delivery

# The vector that the public libraries of Standard Webhooks test themselves with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNATURE,
}


def simple(text: bytes, **headers: str) -> dict[str, str]:
    """Headers of the simple form over `text`."""
    digest = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    signed = {"x-webhook-timestamp": "1614265330", "x-webhook-signature": f"sha256={digest}"}
    return {**signed, **{f"x-webhook-{name}": value for name, value in headers.items()}}


def read(headers: dict[str, str]) -> SignedDelivery:
    """The delivery in well-formed headers."""
    delivery = read_delivery(headers)
    assert delivery is not None
    return delivery


def test_the_published_vector_of_standard_webhooks_is_authentic() -> None:
    delivery = read(STANDARD)
    assert delivery.delivery_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert delivery.is_authentic(BODY, SECRET)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJel"},
        {"webhook-timestamp": "1614265331"},
        {"webhook-signature": SIGNATURE.replace("g0", "G0")},
        {"webhook-signature": SIGNATURE.removeprefix("v1,")},
        {"webhook-signature": SIGNATURE.replace("v1,", "v1a,")},
        {"webhook-signature": "v1,"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,\u00fc"},
    ],
)
def test_whatever_is_changed_breaks_the_signature(changed: dict[str, str]) -> None:
    assert not read({**STANDARD, **changed}).is_authentic(BODY, SECRET)


def test_another_body_or_secret_breaks_the_signature() -> None:
    assert not read(STANDARD).is_authentic(BODY + b" ", SECRET)
    assert not read(STANDARD).is_authentic(BODY, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx")


def test_one_right_signature_of_several_is_enough() -> None:
    several = f"v1,AAAA v1a,BBBB {SIGNATURE}"
    assert read({**STANDARD, "webhook-signature": several}).is_authentic(BODY, SECRET)


def test_of_very_many_signatures_only_the_first_ten_are_tried() -> None:
    many = "v1,AAAA " * 10 + SIGNATURE
    assert not read({**STANDARD, "webhook-signature": many}).is_authentic(BODY, SECRET)


def test_the_simple_form_signs_time_and_body() -> None:
    delivery = read(simple(b"1614265330." + BODY))
    assert delivery.is_authentic(BODY, SECRET)
    assert delivery.delivery_id.startswith("sha256=")


def test_an_id_in_the_simple_form_must_be_signed() -> None:
    assert read(simple(b"order-1.1614265330." + BODY, id="order-1")).is_authentic(BODY, SECRET)
    assert not read(simple(b"1614265330." + BODY, id="order-1")).is_authentic(BODY, SECRET)


def test_a_signature_of_one_form_is_none_in_the_other() -> None:
    digest = simple(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + BODY)["x-webhook-signature"]
    assert not read({**STANDARD, "webhook-signature": digest}).is_authentic(BODY, SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {name: value for name, value in STANDARD.items() if name != "webhook-id"},
        {name: value for name, value in STANDARD.items() if name != "webhook-timestamp"},
        {name: value for name, value in STANDARD.items() if name != "webhook-signature"},
        {**STANDARD, "webhook-id": "with.stop"},
        {**STANDARD, "webhook-id": "with space"},
        {**STANDARD, "webhook-id": "x" * 129},
        {**STANDARD, "webhook-id": "\u00fc"},
        {**STANDARD, "webhook-timestamp": "-1614265330"},
        {**STANDARD, "webhook-timestamp": "1614265330.5"},
        {**STANDARD, "webhook-timestamp": "\u0661\u0662"},
        {**STANDARD, "webhook-timestamp": "1" * 5000},
        {**STANDARD, "webhook-timestamp": " 1614265330"},
        simple(b"", timestamp=""),
        simple(b"", signature=""),
        simple(b"", id="1614265330"),
        simple(b"", id="a.b"),
        simple(b"", id=""),
    ],
)
def test_incomplete_or_malformed_headers_are_no_delivery(headers: dict[str, str]) -> None:
    assert read_delivery(headers) is None


@pytest.mark.parametrize(
    ("off_by_ms", "is_recent"), [(0, True), (300_000, True), (-300_000, True), (300_001, False), (-300_001, False)]
)
def test_a_delivery_is_recent_within_the_window_on_both_sides(off_by_ms: int, is_recent: bool) -> None:
    assert read(STANDARD).is_recent(1_614_265_330_000 + off_by_ms, 300) is is_recent
