"""Access tokens: what is accepted, what is not, and what is remembered (clarifications 6)."""

from base64 import urlsafe_b64encode
from typing import Any

import jwt
import msgspec
import pytest

from gateway.errors import CredentialExpired, CredentialInvalid, CredentialMalformed, CredentialRevoked
from shared.events.auth import SessionRevoked
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.web.credentials import JWKS_PATH, REVOCATIONS_PATH, RevokedSession
from tests.support.credentials import Issuer
from tests.unit.gateway.door import Door

HOUR_MS = 3600 * 1000
DEEPER = b'"a":{'


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = [urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, signature])


async def test_a_good_token_says_who_its_holder_is(door: Door) -> None:
    claims = {"jti": "t1", "sub": "ada", "tid": "acme", "roles": ["operator"], "sid": "s1"}
    caller = await door.show_token(door.auth.issuer.token(**claims))
    assert caller.identity == Identity(
        kind="user",
        subject="ada",
        tenant_id="acme",
        roles=(Role.OPERATOR,),
        session_id="s1",
        token_id="t1",
        token_expires_ms=door.clock.now_ms() + HOUR_MS,
    )
    assert caller.bucket_key == "user:acme:ada"


async def test_the_keys_are_fetched_once_and_as_a_service(door: Door) -> None:
    for _ in range(3):
        await door.show_token(door.auth.issuer.token())
    assert door.auth.calls == {JWKS_PATH: 1, REVOCATIONS_PATH: 1}
    assert {door.tokens.verify(header).kind for header in door.auth.identity_headers} == {"service"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody-else"},
        {"aud": "casare-refresh"},
        {"aud": None},
        {"typ": "refresh"},
        {"typ": None},
        {"exp": None},
        {"nbf": None},
        {"iat": None},
        {"jti": None},
        {"sub": None},
        {"tid": None},
        {"sid": None},
        {"roles": ["root"]},
        {"roles": "admin"},
        {"sub": 7},
        {"exp": "tomorrow"},
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_claim_is_not_accepted(door: Door, changes: dict[str, Any]) -> None:
    with pytest.raises(CredentialInvalid):
        await door.show_token(door.auth.issuer.token(**changes))


async def test_a_token_ends_on_the_second(door: Door) -> None:
    token = door.auth.issuer.token()
    door.clock.advance(ms=HOUR_MS - 1)
    await door.show_token(token)
    door.clock.advance(ms=1)
    with pytest.raises(CredentialExpired):
        await door.show_token(token)


async def test_a_token_from_the_future_is_accepted_only_within_the_skew_of_clocks(door: Door) -> None:
    now_seconds = door.clock.now_ms() // 1000
    await door.show_token(door.auth.issuer.token(nbf=now_seconds + 60, iat=now_seconds + 60))
    with pytest.raises(CredentialInvalid, match="not valid yet"):
        await door.show_token(door.auth.issuer.token(nbf=now_seconds + 61))


async def test_a_token_signed_by_another_key_of_the_same_name_is_not_accepted(door: Door) -> None:
    with pytest.raises(CredentialInvalid):
        await door.show_token(Issuer(door.clock, kid=door.auth.issuer.kid).token())


async def test_a_token_whose_claims_were_changed_is_not_accepted(door: Door) -> None:
    header, _, signature = door.auth.issuer.token().split(".")
    claims = urlsafe_b64encode(msgspec.json.encode(door.auth.issuer.claims(sub="eve"))).rstrip(b"=").decode()
    with pytest.raises(CredentialInvalid):
        await door.show_token(f"{header}.{claims}.{signature}")


async def test_the_algorithm_is_never_the_headers_choice(door: Door) -> None:
    claims = door.auth.issuer.claims()
    kid = door.auth.issuer.kid
    public = door.auth.issuer.public_key()["x"]
    confused = jwt.encode(claims, public, algorithm="HS256", headers={"kid": kid})
    for token in (
        confused,
        unsigned({"alg": "none", "kid": kid}, claims),
        unsigned({"alg": "None", "kid": kid, "typ": "JWT"}, claims, "AAAA"),
        unsigned({"alg": "HS256", "kid": kid}, claims, "AAAA"),
    ):
        with pytest.raises(CredentialInvalid):
            await door.show_token(token)


@pytest.mark.parametrize(
    "token",
    [
        "a",
        "a.b",
        "a.b.c",
        "..",
        "eyJhbGciOiJFZERTQSJ9..",
        unsigned({"alg": "EdDSA"}, {}),
        unsigned({"alg": "EdDSA", "kid": 7}, {}),
        unsigned({"alg": "EdDSA", "kid": ["key-1"]}, {}),
        f"{urlsafe_b64encode(b'[' * 4000).decode()}.e30.AAAA",
        f"{urlsafe_b64encode(b'{' + DEEPER * 1000).decode()}.e30.AAAA",
    ],
    ids=lambda token: token[:24],
)
async def test_what_is_no_token_is_malformed(door: Door, token: str) -> None:
    with pytest.raises(CredentialMalformed):
        await door.show_token(token)


async def test_deeply_nested_claims_are_refused_like_any_other(door: Door) -> None:
    header = {"alg": "EdDSA", "kid": door.auth.issuer.kid}
    deep = urlsafe_b64encode(b"[" * 4000).rstrip(b"=").decode()
    with pytest.raises(CredentialInvalid):
        await door.show_token(f"{unsigned(header, {}).split('.')[0]}.{deep}.AAAA")


async def test_two_keys_are_valid_at_once_and_a_new_one_is_found_when_first_seen(door: Door) -> None:
    await door.show_token(door.auth.issuer.token())
    newer = Issuer(door.clock, kid="key-2")
    door.auth.published.append(newer.public_key())
    door.clock.advance(seconds=3)
    await door.show_token(newer.token())
    await door.show_token(door.auth.issuer.token())
    assert door.auth.calls[JWKS_PATH] == 2


async def test_made_up_key_names_do_not_become_questions_to_auth(door: Door) -> None:
    await door.show_token(door.auth.issuer.token())
    for n in range(20):
        with pytest.raises(CredentialInvalid):
            await door.show_token(Issuer(door.clock, kid=f"made-up-{n}").token())
    assert door.auth.calls[JWKS_PATH] == 1


async def test_a_key_that_is_withdrawn_ends_the_tokens_it_signed(door: Door) -> None:
    token = door.auth.issuer.token()
    await door.show_token(token)
    door.auth.published.clear()
    await door.do("signing-keys")
    with pytest.raises(CredentialInvalid):
        await door.show_token(token)


async def test_keys_of_other_kinds_are_not_used_whoever_publishes_them(door: Door) -> None:
    door.auth.published = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": door.auth.issuer.kid, "alg": "HS256"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "broken", "x": "%%%"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    ]
    with pytest.raises(CredentialInvalid):
        await door.show_token(door.auth.issuer.token())


async def test_without_auth_an_unknown_token_is_neither_good_nor_bad(door: Door) -> None:
    door.auth.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await door.show_token(door.auth.issuer.token())
    assert door.auth.calls[JWKS_PATH] == 1, "a failing auth is not asked by every request"
    door.auth.down = False
    door.clock.advance(ms=500)
    await door.show_token(door.auth.issuer.token())


async def test_a_token_verified_before_needs_no_auth(door: Door) -> None:
    token = door.auth.issuer.token()
    await door.show_token(token)
    door.auth.down = True
    assert (await door.show_token(token)).identity.subject == "ada"


async def test_a_session_revoked_before_the_start_is_known_from_the_first_token_on(door: Door) -> None:
    door.auth.revoked = [RevokedSession("session-1", door.clock.now_ms() + HOUR_MS)]
    with pytest.raises(CredentialRevoked):
        await door.show_token(door.auth.issuer.token())


async def test_no_token_is_believed_before_the_list_of_revocations_was_read(door: Door) -> None:
    await door.do("signing-keys")
    door.auth.down = True
    with pytest.raises(Unavailable):
        await door.show_token(door.auth.issuer.token())


async def test_an_ended_session_ends_all_its_tokens_at_once_and_no_other(door: Door) -> None:
    tokens = [door.auth.issuer.token() for _ in range(2)]
    other = door.auth.issuer.token(sid="session-2")
    for token in (*tokens, other):
        await door.show_token(token)
    door.identities.end_session("session-1")
    for token in (*tokens, door.auth.issuer.token()):
        with pytest.raises(CredentialRevoked):
            await door.show_token(token)
    await door.show_token(other)


async def test_a_heard_end_of_a_session_counts_at_once(door: Door) -> None:
    token = door.auth.issuer.token()
    await door.show_token(token)
    ends_ms = door.clock.now_ms() + HOUR_MS
    await door.hear(SessionRevoked(user_id="ada", session_id="session-1", reason="logout", tokens_expire_ms=ends_ms))
    with pytest.raises(CredentialRevoked):
        await door.show_token(token)


async def test_a_revocation_is_forgotten_once_no_token_of_it_can_be_valid(door: Door) -> None:
    door.auth.revoked = [RevokedSession("session-1", door.clock.now_ms() + 1000)]
    await door.do("revocations")
    door.auth.revoked = []
    door.clock.advance(seconds=30)
    await door.do("revocations")
    with pytest.raises(CredentialRevoked):
        await door.show_token(door.auth.issuer.token())
    door.clock.advance(seconds=60)
    await door.do("revocations")
    await door.show_token(door.auth.issuer.token())
