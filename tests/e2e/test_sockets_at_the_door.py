"""Handshakes that lead nowhere: each succeeds, and is then told why it is closed."""

from typing import Final

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.support.forged_tokens import token_like
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

ROBOT: Final = "/api/v1/ws/robot/nobody"
AUTH_FAILED: Final = ("AUTH_FAILED", 4001)


async def refusal(system: System, path: str, *, origin: str | None = None, **headers: str) -> tuple[str, int | None]:
    """The error frame's code, and the close code after it."""
    url = f"ws{system.base_url.removeprefix('http')}{path}"
    async with connect(url, additional_headers=headers, origin=None if origin is None else Origin(origin)) as client:
        frame = msgspec.json.decode(await client.recv())
        await client.wait_closed()
    assert (frame["type"], bool(frame["message"])) == ("error", True)
    return frame["code"], client.close_code


@pytest.mark.parametrize("path", [ROBOT, "/ws/robot/nobody", "/ws/live-jobs", "/ws/monitoring/queue-metrics"])
async def test_a_socket_needs_a_credential(system: System, path: str) -> None:
    made_up = f"crpa_nobody_{'0' * 64}"
    forged = token_like(system.access_token, seed=bytes(32))
    assert await refusal(system, path) == AUTH_FAILED
    assert await refusal(system, f"{path}?api_key={made_up}") == AUTH_FAILED
    assert await refusal(system, f"{path}?token={forged}") == AUTH_FAILED
    assert await refusal(system, path, Authorization=f"Bearer {forged}") == AUTH_FAILED


async def test_a_good_credential_is_of_no_use_elsewhere_or_from_a_foreign_page(system: System) -> None:
    token = system.access_token
    assert (await refusal(system, f"/ws/nothing?token={token}"))[1] == 4004
    assert await refusal(system, f"{ROBOT}?token={token}", origin="https://evil.example") == ("AUTH_FAILED", 4003)
