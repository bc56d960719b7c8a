"""Signing and verifying a webhook's delivery."""

from datetime import UTC, datetime

import pytest

from casare import ConfigurationProblem, SignatureRefused
from casare.webhooks import Form, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
AT = 1614265330


def test_the_signature_is_that_of_the_standards_own_example() -> None:
    headers = sign(SECRET, BODY, AT, delivery_id="msg_p5jXN8AQM9LWM0D4loKWxJek")
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize("form", ["standard", "simple"])
def test_what_was_signed_is_verified_whatever_the_case_of_the_headers(form: Form) -> None:
    headers = {name.upper(): value for name, value in sign(SECRET, BODY, AT, delivery_id="a-1", form=form).items()}
    assert verify(SECRET, BODY, headers, now=AT + 200) == "a-1"


@pytest.mark.parametrize("form", ["standard", "simple"])
def test_another_body_secret_id_or_time_is_refused(form: Form) -> None:
    headers = sign(SECRET, BODY, AT, delivery_id="a-1", form=form)
    prefix = "" if form == "standard" else "X-W"
    named = "webhook-id" if form == "standard" else "X-Webhook-Id"
    stamped = "webhook-timestamp" if form == "standard" else "X-Webhook-Timestamp"
    with pytest.raises(SignatureRefused):
        verify(SECRET, BODY + b" ", headers, now=AT)
    with pytest.raises(SignatureRefused):
        verify("whsec_AAAA", BODY, headers, now=AT)
    with pytest.raises(SignatureRefused):
        verify(SECRET, BODY, {**headers, named: f"{prefix}other"}, now=AT)
    with pytest.raises(SignatureRefused):
        verify(SECRET, BODY, {**headers, stamped: str(AT + 1)}, now=AT)


def test_one_of_several_signatures_is_enough() -> None:
    headers = sign(SECRET, BODY, AT)
    both = {**headers, "webhook-signature": f"v1a,xyz v1,AAAA {headers['webhook-signature']}"}
    assert verify(SECRET, BODY, both, now=AT) == headers["webhook-id"]


@pytest.mark.parametrize("off", [-301, 301])
def test_a_delivery_from_another_time_is_refused(off: int) -> None:
    with pytest.raises(SignatureRefused, match="300 s"):
        verify(SECRET, BODY, sign(SECRET, BODY, AT), now=AT + off)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_a_refusal(missing: str) -> None:
    headers = {name: value for name, value in sign(SECRET, BODY, AT).items() if name != missing}
    with pytest.raises(SignatureRefused):
        verify(SECRET, BODY, headers, now=AT)


def test_moments_are_aware() -> None:
    moment = datetime.fromtimestamp(AT, UTC)
    assert sign(SECRET, BODY, moment, delivery_id="a") == sign(SECRET, BODY, AT, delivery_id="a")
    with pytest.raises(ConfigurationProblem):
        sign(SECRET, BODY, moment.replace(tzinfo=None))


def test_a_secret_that_is_none_is_not_signed_with() -> None:
    with pytest.raises(ConfigurationProblem):
        sign("whsec_not base64!", BODY, AT)
