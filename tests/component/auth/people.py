"""What administrators do with users and tenants, over HTTP."""

from typing import Any

import httpx
import jwt

from shared.kernel.permissions import Role
from tests.component.auth.running_auth import Auth

USERS = "/api/v1/users"
TENANTS = "/api/v1/tenants"
PASSWORD = "her long password"


async def call(
    auth: Auth, method: str, path: str, body: Any = None, *, tenant_id: str = "default", **headers: str
) -> httpx.Response:
    """A request of an administrator of `tenant_id`, who in `default` is the first one."""
    subject = "admin" if tenant_id == "default" else "u1"
    caller = auth.as_user(Role.ADMIN, tenant_id=tenant_id, subject=subject)
    return await auth.http.request(method, f"/api/v1{path}", json=body, headers={**caller, **headers})


async def done(auth: Auth, method: str, path: str, body: Any = None, *, tenant_id: str = "default") -> dict[str, Any]:
    """The answer of a request that must succeed."""
    response = await call(auth, method, path, body, tenant_id=tenant_id)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def add_user(
    auth: Auth, name: str = "maria", role: Role = Role.OPERATOR, *, tenant_id: str = "default", **more: Any
) -> dict[str, Any]:
    """A new user with `PASSWORD`."""
    body = {"username": name, "password": PASSWORD, "role": role, **more}
    return await done(auth, "POST", "/users", body, tenant_id=tenant_id)


async def add_tenant(auth: Auth, tenant_id: str = "north") -> dict[str, Any]:
    """A new tenant, of which `admin` is the administrator."""
    return await done(auth, "POST", "/tenants", {"tenant_id": tenant_id, "name": f"Plant {tenant_id}"})


async def tokens_of(auth: Auth, name: str = "maria", **more: Any) -> dict[str, str]:
    """The tokens of a new session, and its id."""
    response = await auth.log_in(PASSWORD, name, **more)
    assert response.status_code == 200, response.text
    tokens: dict[str, str] = response.json()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    return {**tokens, "session_id": claims["sid"]}


async def goes_on(auth: Auth, tokens: dict[str, str]) -> bool:
    """Whether the session of these tokens has not been ended."""
    session = await auth.document("sessions", tokens["session_id"])
    return session.get("revoked_ms") is None
