"""`POST /auth/refresh`: rotation, reuse, and what is no refresh token (clarifications 6)."""

import asyncio
from base64 import b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.auth.adapters.signing_keys import SigningKeys
from services.auth.settings import AuthSettings
from shared.events.auth import SessionRevoked
from tests.component.auth.running_auth import Auth, StartAuth, problem

HOUR_SECONDS = 3600
WEEK_SECONDS = 7 * 24 * HOUR_SECONDS


async def tokens_of_a_login(auth: Auth) -> dict[str, str]:
    tokens: dict[str, str] = (await auth.log_in()).json()
    return tokens


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def test_a_refresh_gives_a_new_pair_of_the_same_session(auth: Auth) -> None:
    first = await tokens_of_a_login(auth)
    auth.clock.advance(seconds=60)

    response = await auth.refresh(first["refresh_token"])

    assert response.status_code == 200
    second = response.json()
    assert set(second) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (second["token_type"], second["expires_in"]) == ("bearer", HOUR_SECONDS)
    assert response.headers["cache-control"] == "no-store"
    old, new = claims_of(first["access_token"]), claims_of(second["access_token"])
    assert new["jti"] != old["jti"]
    assert new["exp"] == old["exp"] + 60
    unchanged = ("sid", "sub", "tid", "roles", "typ", "aud")
    assert [new[name] for name in unchanged] == [old[name] for name in unchanged]


async def test_a_session_can_be_refreshed_again_and_again(auth: Auth) -> None:
    token = (await tokens_of_a_login(auth))["refresh_token"]
    for _ in range(3):
        auth.clock.advance(seconds=WEEK_SECONDS - 1)
        response = await auth.refresh(token)
        assert response.status_code == 200
        token = response.json()["refresh_token"]


async def test_reuse_of_a_spent_token_ends_the_family(auth: Auth) -> None:
    spent = (await tokens_of_a_login(auth))["refresh_token"]
    current = (await auth.refresh(spent)).json()

    problem(await auth.refresh(spent), 401, "INVALID_REFRESH_TOKEN")
    problem(await auth.refresh(current["refresh_token"]), 401, "INVALID_REFRESH_TOKEN")

    event = await auth.event(SessionRevoked)
    revoked = event.data_as(SessionRevoked)
    access = claims_of(current["access_token"])
    assert revoked == SessionRevoked(
        user_id="admin", session_id=access["sid"], reason="reuse", tokens_expire_ms=access["exp"] * 1000
    )
    assert event.aggregateversion == 3


async def test_two_refreshes_at_once_make_one_new_pair_and_count_as_reuse(auth: Auth) -> None:
    token = (await tokens_of_a_login(auth))["refresh_token"]

    responses = await asyncio.gather(*(auth.refresh(token) for _ in range(5)))

    won = [response for response in responses if response.status_code == 200]
    assert sorted(response.status_code for response in responses) == [200, 401, 401, 401, 401]
    assert (await auth.refresh(won[0].json()["refresh_token"])).status_code == 401
    assert (await auth.event(SessionRevoked)).data_as(SessionRevoked).reason == "reuse"


async def test_other_sessions_of_the_user_go_on(auth: Auth) -> None:
    one, other = await tokens_of_a_login(auth), await tokens_of_a_login(auth)
    await auth.refresh(one["refresh_token"])
    await auth.refresh(one["refresh_token"])

    assert (await auth.refresh(other["refresh_token"])).status_code == 200


async def test_an_access_token_is_the_wrong_type_and_harms_no_session(auth: Auth) -> None:
    tokens = await tokens_of_a_login(auth)

    problem(await auth.refresh(tokens["access_token"]), 400, "WRONG_TOKEN_TYPE")

    assert (await auth.refresh(tokens["refresh_token"])).status_code == 200


async def test_an_expired_token_is_401(auth: Auth) -> None:
    token = (await tokens_of_a_login(auth))["refresh_token"]
    auth.clock.advance(seconds=WEEK_SECONDS)

    response = await auth.refresh(token)

    problem(response, 401, "INVALID_REFRESH_TOKEN")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_role_that_changed_shows_in_the_next_access_token(auth: Auth) -> None:
    token = (await tokens_of_a_login(auth))["refresh_token"]
    users = auth.runtime.store.collection("users")
    await users.update_one({"_id": "admin"}, {"$set": {"tenants.default": "viewer"}})

    response = await auth.refresh(token)

    assert claims_of(response.json()["access_token"])["roles"] == ["viewer"]


async def test_a_user_who_left_the_tenant_gets_no_more_tokens(auth: Auth) -> None:
    token = (await tokens_of_a_login(auth))["refresh_token"]
    await auth.runtime.store.collection("users").delete_one({"_id": "admin"})

    problem(await auth.refresh(token), 401, "INVALID_REFRESH_TOKEN")

    assert (await auth.event(SessionRevoked)).data_as(SessionRevoked).reason == "membership_ended"


def forgeries(genuine: str) -> dict[str, str]:
    """Tokens that say what a genuine one says, and are not signed by us with our algorithm."""
    claims, header = claims_of(genuine), jwt.get_unverified_header(genuine)
    kid = {"kid": header["kid"]}
    public = SigningKeys(AuthSettings().signing_seed).current.public.public_bytes_raw()
    head, body, signature = genuine.split(".")
    return {
        "alg none": jwt.encode(claims, "", algorithm="none", headers=kid),
        "HS256 with the public key": jwt.encode(claims, public, algorithm="HS256", headers=kid),
        "another key under our name": jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=kid),
        "a key we do not know": jwt.encode(
            claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": "x"}
        ),
        "no kid": jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA"),
        "no signature": f"{head}.{body}.",
        "another body": f"{head}.{body[:-2]}AA.{signature}",
        "no JWT": "not a token",
        "unusual letters": "ä.ö.ü",
        "empty parts": "..",
    }


@pytest.mark.parametrize("name", forgeries(jwt.encode({"sub": "a"}, "k" * 32, headers={"kid": ""})))
async def test_a_forged_token_is_401_and_harms_no_session(auth: Auth, name: str) -> None:
    genuine = (await tokens_of_a_login(auth))["refresh_token"]

    problem(await auth.refresh(forgeries(genuine)[name]), 401, "INVALID_REFRESH_TOKEN")

    assert (await auth.refresh(genuine)).status_code == 200


async def test_our_own_signature_does_not_help_a_token_that_lacks_claims_or_is_from_elsewhere(auth: Auth) -> None:
    claims = claims_of((await tokens_of_a_login(auth))["refresh_token"])
    key = SigningKeys(AuthSettings().signing_seed).current
    changes: list[dict[str, Any]] = [
        {"iss": "elsewhere"},
        {"nbf": claims["nbf"] + HOUR_SECONDS},
        {"sid": 7},
        {"sid": "no such session"},
        {"tid": "another tenant"},
        *({name: None} for name in ("iss", "exp", "nbf", "iat", "jti", "sub", "typ", "tid", "sid")),
    ]
    for change in changes:
        changed = {name: value for name, value in {**claims, **change}.items() if value is not None}
        token = jwt.encode(changed, key.private, algorithm="EdDSA", headers={"kid": key.key_id})
        problem(await auth.refresh(token), 401, "INVALID_REFRESH_TOKEN")
    for mixed in ({"typ": "access"}, {"aud": "casare-api"}):
        token = jwt.encode({**claims, **mixed}, key.private, algorithm="EdDSA", headers={"kid": key.key_id})
        problem(await auth.refresh(token), 400, "WRONG_TOKEN_TYPE")


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refresh_token": 1}, {"refresh_token": "x" * 4097}])
async def test_bad_input_is_400(auth: Auth, body: dict[str, Any]) -> None:
    response = await auth.http.post("/api/v1/auth/refresh", json=body)

    assert problem(response, 400, "INVALID_INPUT")["errors"][0]["field"] == "refresh_token"


async def test_after_a_change_of_keys_tokens_of_the_key_before_still_work_and_both_are_published(
    start_auth: StartAuth,
) -> None:
    first, second = (b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    async with start_auth(token_signing_key=first) as before:
        old = (await before.log_in()).json()["refresh_token"]
        old_kid = jwt.get_unverified_header(old)["kid"]
    async with start_auth(token_signing_key=second, token_previous_key=first) as during:
        new = (await during.refresh(old)).json()["refresh_token"]
        new_kid = jwt.get_unverified_header(new)["kid"]
        published = (await during.http.get("/internal/jwks")).json()["keys"]
        assert [key["kid"] for key in published] == [new_kid, old_kid]
    async with start_auth(token_signing_key=second) as after:
        problem(await after.refresh(old), 401, "INVALID_REFRESH_TOKEN")
        assert (await after.refresh(new)).status_code == 200
