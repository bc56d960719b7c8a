"""Every endpoint with every credential: each role, no and spent credentials, another tenant's, another robot's."""

import re
from typing import Final

import httpx
import pytest

from tests.support.api import Api
from tests.support.contract.calls import Row
from tests.support.contract.cast import Cast
from tests.support.contract.document import ApiDocument
from tests.support.contract.endpoint import NOTHING, ROLES, Endpoint, Who
from tests.support.contract.rows import ENDPOINTS
from tests.support.forged_tokens import token_like
from tests.support.system import System

GUARDED: Final = [endpoint for endpoint in ENDPOINTS if endpoint.needs != "public"]
CALLERS: Final[tuple[Who, ...]] = (*ROLES, "enrolment", "robot")
OF_THE_TENANT: Final = re.compile(r"\{(?!mark|unknown|tomorrow|environment|password)\w+\}")
"""A name of something that belongs to the tenant."""


@pytest.mark.parametrize("endpoint", GUARDED, ids=lambda endpoint: endpoint.name)
async def test_an_endpoint_serves_those_it_is_for_and_nobody_else(
    system: System, document: ApiDocument, endpoint: Endpoint
) -> None:
    row = Row(endpoint, system, document)
    async with Cast(system) as shared:
        await _try_without_permission(row, endpoint, shared)
        await _try_spent_credentials(row, endpoint, shared, system)
        await _try_foreign_ones(row, endpoint, shared)
        await _try_with_permission(row, endpoint, shared)
    assert row.faults == [], "\n".join(row.faults)


async def _try_without_permission(row: Row, endpoint: Endpoint, cast: Cast) -> None:
    row.expect_problem(await row.send(cast, "nobody"), 401, "CREDENTIAL_MISSING", "without a credential")
    for who in CALLERS:
        if not endpoint.may(who):
            row.expect_problem(await row.send(cast, who), 403, "FORBIDDEN", f"as {who}")


async def _try_spent_credentials(row: Row, endpoint: Endpoint, cast: Cast, system: System) -> None:
    for header, value, code in await _spent_credentials(system):
        answer = await row.send(cast, "nobody", headers={**endpoint.headers, header: value})
        row.expect_problem(answer, 401, code, f"with {code.lower()}")


async def _try_foreign_ones(row: Row, endpoint: Endpoint, cast: Cast) -> None:
    if endpoint.for_robots and endpoint.foreign_robot is not None:
        answer = await row.send(cast, "other_robot")
        if answer.status_code != endpoint.foreign_robot:
            row.faults.append(f"with another robot's key: {answer.status_code} {answer.text[:200]}")
    for who in ("foreigner", "foreign_enrolment"):
        if endpoint.may(who) and endpoint.needs != "user":
            _expect_nothing_of_ours(row, endpoint, cast, await row.send(cast, who), who)


def _expect_nothing_of_ours(row: Row, endpoint: Endpoint, cast: Cast, answer: httpx.Response, who: Who) -> None:
    names_ours = OF_THE_TENANT.search(endpoint.good_path) or (
        endpoint.body is not NOTHING and OF_THE_TENANT.search(str(endpoint.body))
    )
    is_registration = endpoint.path == "/robots/register"
    expected = {endpoint.foreign_tenant} if endpoint.foreign_tenant else {404} if names_ours else set()
    if who == "foreign_enrolment":  # refused before anything is looked for when it names no robot
        expected |= {403} if expected else set()
    if expected and answer.status_code not in expected and not is_registration:
        row.faults.append(f"as {who}: {answer.status_code}, not {expected}: {answer.text[:200]}")
    if answer.is_success and not is_registration:
        shown = [name for name, value in cast.made.items() if name != "password" and value in answer.text]
        if shown and endpoint.method == "GET":
            row.faults.append(f"as {who}: the answer shows {shown}: {answer.text[:300]}")
    row.expect_documented(answer, f"as {who}")


async def _try_with_permission(row: Row, endpoint: Endpoint, shared: Cast) -> None:
    if endpoint.needs == "user":  # about the caller's own session: the good call is made by one who has it
        return
    for who in CALLERS:
        if not endpoint.may(who) or who == endpoint.who or (who == "enrolment" and endpoint.for_robots):
            continue
        if who == "robot" and endpoint.who != "robot":
            row.expect_accepted(await row.send(shared, who), f"as {who}")
        elif who != "robot":
            async with row.cast(shared) as cast:
                row.expect_accepted(await row.send(cast, who), f"as {who}")


_spent: dict[str, list[tuple[str, str, str]]] = {}


async def _spent_credentials(system: System) -> list[tuple[str, str, str]]:
    """Header, value and code of an expired token, a revoked one, a forged one, and a revoked key; made once."""
    if system.base_url not in _spent:
        async with Cast(system) as cast:
            token = await cast.thing("session_token")
            await (await cast.client("session")).call("POST", "/auth/logout")
            revoked_key = await cast.thing("robot_key")
            listed = await system.admin.call("GET", "/robot-api-keys", params={"robot_id": f"robot-{cast.mark}"})
            await system.admin.call("POST", f"/robot-api-keys/{listed['keys'][0]['id']}/revoke")
        _spent[system.base_url] = [
            ("Authorization", f"Bearer {token}", "CREDENTIAL_REVOKED"),
            ("Authorization", f"Bearer {token_like(system.access_token, exp=1)}", "CREDENTIAL_EXPIRED"),
            ("Authorization", f"Bearer {token_like(system.access_token, seed=bytes(32))}", "CREDENTIAL_INVALID"),
            ("X-Api-Key", revoked_key, "CREDENTIAL_INVALID"),
        ]
    return _spent[system.base_url]


async def test_an_unknown_route_is_no_hole(system: System) -> None:
    async with Api(system.base_url) as nobody:
        for path in ("/nothing", "/internal/jwks", "/../internal/revocations"):
            assert (await nobody.request("GET", path)).status_code == httpx.codes.NOT_FOUND
