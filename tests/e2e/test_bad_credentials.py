"""Credentials that are made up, or whose time is over. Who may do what is in `test_permissions.py`."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.support.api import Api
from tests.support.bad_input import Bad, stage_on
from tests.support.eventually import eventually
from tests.support.forged_tokens import token_like
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)


async def test_made_up_credentials_are_told_from_each_other_and_refused(system: System) -> None:
    genuine = system.access_token
    head, payload, _ = genuine.split(".")
    others_signature = token_like(genuine, sub="somebody").rpartition(".")[2]
    in_the_past = int(time.time()) - 10
    tokens = [
        ("made-up", "CREDENTIAL_MALFORMED"),
        ("a.b.c", "CREDENTIAL_MALFORMED"),
        (f"{head}.{payload}.", "CREDENTIAL_INVALID"),
        (f"{head}.{payload}.{others_signature}", "CREDENTIAL_INVALID"),
        (token_like(genuine, seed=bytes(32)), "CREDENTIAL_INVALID"),
        (token_like(genuine, exp=in_the_past), "CREDENTIAL_EXPIRED"),
        (token_like(genuine, iss="somebody"), "CREDENTIAL_INVALID"),
        (token_like(genuine, aud="casare-refresh", typ="refresh"), "CREDENTIAL_INVALID"),
        (token_like(genuine, roles=["emperor"]), "CREDENTIAL_INVALID"),
        ("crpa_made_up", "CREDENTIAL_MALFORMED"),
        (f"crpa_nobody_{'0' * 64}", "CREDENTIAL_INVALID"),
        ("x" * 20_000, "CREDENTIAL_MALFORMED"),
    ]
    keys = [("", "CREDENTIAL_MALFORMED"), (genuine, "CREDENTIAL_MALFORMED"), ("crpa_", "CREDENTIAL_MALFORMED")]
    schemes = ["Basic YWRtaW46YWRtaW4=", "Bearer", genuine]
    paths = ["/auth/me", "/robots"]
    async with stage_on(system) as stage:
        await stage.refuses(
            [
                *(_as(path, {"Authorization": f"Bearer {token}"}, code) for path in paths for token, code in tokens),
                *(_as(path, {"X-Api-Key": key}, code) for path in paths for key, code in keys),
                *(_as(path, {"Authorization": each}, "CREDENTIAL_MALFORMED") for path in paths for each in schemes),
            ]
        )


async def test_a_key_ends_with_its_time_and_with_its_revocation(system: System) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    expiring = await system.admin.create_key("short-lived", expires_at=soon)
    revoked = await system.admin.create_key("revoked", robot_id="leaver")
    listed = await system.admin.call("GET", "/robot-api-keys", params={"robot_id": "leaver"})
    async with (
        Api(system.base_url, {"X-Api-Key": expiring}) as late,
        Api(system.base_url, {"X-Api-Key": revoked}) as leaver,
    ):
        for api in (late, leaver):
            assert (await api.request("GET", "/metrics/robots/unregistered")).status_code == 404
        await system.admin.call("POST", f"/robot-api-keys/{listed['keys'][0]['id']}/revoke")
        for api in (late, leaver):
            await eventually(partial(_is_refused, api), timeout_seconds=10)


def _as(path: str, headers: dict[str, str], code: str) -> Bad:
    return Bad("GET", path, 401, code, who="nobody", headers=headers)


async def _is_refused(api: Api) -> bool:
    answer = await api.request("GET", "/metrics/robots/unregistered")
    return answer.status_code == 401 and answer.json()["code"] == "CREDENTIAL_INVALID"
