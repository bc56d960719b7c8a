"""Rules of robots' API keys."""

import pytest

from services.auth.domain.api_key import ApiKey, ApiKeyStatus, InvalidApiKey, key_id_of, opens
from shared.web.credentials import INVALID_API_KEY, format_api_key, hash_secret, parse_api_key

SECRET = "5" * 64
EXPIRES_MS = 1_000


def key(expires_ms: int | None = None, revoked_ms: int | None = None) -> ApiKey:
    return ApiKey(
        key_id="aaaaaaaaaaaa",
        tenant_id="default",
        version=1,
        name="k",
        secret_hash=hash_secret(SECRET),
        created_ms=0,
        created_by="admin",
        last_used_ms=0,
        expires_ms=expires_ms,
        revoked_ms=revoked_ms,
    )


@pytest.mark.parametrize(
    ("candidate", "now_ms", "status"),
    [
        (key(), 10**15, ApiKeyStatus.ACTIVE),
        (key(expires_ms=EXPIRES_MS), EXPIRES_MS - 1, ApiKeyStatus.ACTIVE),
        (key(expires_ms=EXPIRES_MS), EXPIRES_MS, ApiKeyStatus.EXPIRED),
        (key(revoked_ms=5), 10, ApiKeyStatus.REVOKED),
        (key(expires_ms=EXPIRES_MS, revoked_ms=5), EXPIRES_MS, ApiKeyStatus.REVOKED),
    ],
)
def test_a_key_is_active_until_it_expires_or_is_revoked(candidate: ApiKey, now_ms: int, status: ApiKeyStatus) -> None:
    assert candidate.status(now_ms) is status
    assert opens(candidate, hash_secret(SECRET), now_ms) == (status is ApiKeyStatus.ACTIVE)


def test_only_its_own_secret_opens_a_key_and_nothing_opens_none() -> None:
    assert not opens(key(), hash_secret("another"), 0)
    assert not opens(None, hash_secret(SECRET), 0)
    assert not opens(None, "0" * 64, 0)


def test_a_creation_makes_one_id_however_often_it_is_repeated() -> None:
    assert key_id_of("a") == key_id_of("a") != key_id_of("b")
    assert len(key_id_of("a")) == 12


def test_a_key_has_the_form_that_gateways_read() -> None:
    proof = parse_api_key(format_api_key(key_id_of("a"), SECRET))

    assert proof is not None
    assert (proof.key_id, proof.secret_hash) == (key_id_of("a"), hash_secret(SECRET))


def test_the_refusal_has_the_code_that_gateways_know() -> None:
    assert InvalidApiKey.code == INVALID_API_KEY
