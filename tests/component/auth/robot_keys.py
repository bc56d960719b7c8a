"""What administrators and gateways do with robots' keys, over HTTP."""

import hashlib
from typing import Any

import httpx

from shared.kernel.permissions import Role
from tests.component.auth.running_auth import Auth

KEYS = "/api/v1/robot-api-keys"


async def create(auth: Auth, tenant_id: str = "default", **body: Any) -> httpx.Response:
    headers = auth.as_user(Role.ADMIN, tenant_id=tenant_id)
    return await auth.http.post(KEYS, json={"name": "a key", **body}, headers=headers)


async def created(auth: Auth, **body: Any) -> dict[str, Any]:
    response = await create(auth, **body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def listed(auth: Auth, query: str = "", tenant_id: str = "default") -> dict[str, Any]:
    response = await auth.http.get(KEYS + query, headers=auth.as_user(Role.ADMIN, tenant_id=tenant_id))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def revoke(auth: Auth, key_id: str, tenant_id: str = "default") -> httpx.Response:
    return await auth.http.post(f"{KEYS}/{key_id}/revoke", headers=auth.as_user(Role.ADMIN, tenant_id=tenant_id))


async def verify(auth: Auth, api_key: str) -> httpx.Response:
    """Asks as the gateway does: the secret itself stays with it."""
    key_id, _, secret = api_key.removeprefix("crpa_").partition("_")
    body = {"key_id": key_id, "secret_hash": hashlib.sha256(secret.encode()).hexdigest()}
    return await auth.http.post("/internal/api-keys/verify", json=body, headers=auth.as_gateway)
