"""What gateways ask besides keys: public keys and revocations."""

import jwt
import msgspec
import pytest

from shared.kernel.permissions import Role
from shared.web.credentials import REVOCATIONS_PATH, Revocations, RevokedSession
from tests.component.auth.running_auth import Auth, problem

ACCESS_SECONDS = 3600


async def revocations(auth: Auth) -> dict[str, list[object]]:
    response = await auth.http.get("/internal/revocations", headers=auth.as_gateway)
    assert response.status_code == 200
    answer: dict[str, list[object]] = response.json()
    return answer


async def test_the_key_set_publishes_public_halves_only(auth: Auth) -> None:
    (key,) = (await auth.http.get("/internal/jwks")).json()["keys"]

    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")


async def test_a_revoked_session_is_listed_until_its_last_access_token_ends(auth: Auth) -> None:
    tokens = (await auth.log_in()).json()
    await auth.log_in()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    caller = auth.as_user(Role.ADMIN, session_id=claims["sid"])
    assert await revocations(auth) == {"sessions": [], "api_key_ids": []}

    await auth.http.post("/api/v1/auth/logout", headers=caller)

    response = await auth.http.get(REVOCATIONS_PATH, headers=auth.as_gateway)
    as_gateways_read = msgspec.json.decode(response.content, type=Revocations)
    assert as_gateways_read.sessions == [RevokedSession(claims["sid"], claims["exp"] * 1000)]
    listed = [{"session_id": claims["sid"], "tokens_expire_ms": claims["exp"] * 1000}]
    assert (await revocations(auth))["sessions"] == listed
    auth.clock.advance(seconds=ACCESS_SECONDS)
    assert (await revocations(auth))["sessions"] == listed
    auth.clock.advance(seconds=60)
    assert (await revocations(auth))["sessions"] == []


async def test_a_revoked_key_is_listed_for_an_hour(auth: Auth) -> None:
    admin = auth.as_user(Role.ADMIN)
    ids = []
    for name in ("one", "other"):
        created = await auth.http.post("/api/v1/robot-api-keys", json={"name": name}, headers=admin)
        ids.append(created.json()["key"]["id"])

    await auth.http.post(f"/api/v1/robot-api-keys/{ids[0]}/revoke", headers=admin)

    assert (await revocations(auth))["api_key_ids"] == [ids[0]]
    auth.clock.advance(seconds=3600)
    assert (await revocations(auth))["api_key_ids"] == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/internal/revocations"), ("POST", "/internal/api-keys/verify")])
async def test_only_services_may_ask(auth: Auth, method: str, path: str) -> None:
    body = {"key_id": "x", "secret_hash": "0" * 64}
    problem(await auth.http.request(method, path, json=body), 401, "UNAUTHENTICATED")
    for headers in (auth.as_user(Role.ADMIN), auth.as_robot):
        problem(await auth.http.request(method, path, json=body, headers=headers), 403, "FORBIDDEN")
