"""The one robot that `casare up` starts beside the services."""

from typing import Any, Final

import httpx

from cli.data_folder import DataFolder
from cli.processes import ChildSpec
from cli.up_settings import UpSettings
from shared.kernel.identity import DEFAULT_TENANT, Identity
from shared.kernel.permissions import Role
from shared.web.tokens import HEADER, InternalTokens

_KEY: Final = "local_robot_key"
_KEY_ID: Final = "local_robot_key_id"
GRACE_SECONDS: Final = 5
"""What a running job gets to finish at Ctrl-C before it is released."""
KEYS_PATH: Final = "/api/v1/robot-api-keys"


async def local_robot(
    settings: UpSettings, folder: DataFolder, auth: httpx.AsyncClient, tokens: InternalTokens, base_url: str
) -> ChildSpec:
    """What to run. The robot's key is made on the first start and again when it is no longer valid."""
    api_key = await _key(settings.local_robot_id, folder, auth, tokens)
    return ChildSpec(
        "robot",
        "robot.main",
        folder.logs / "robot.log",
        environment={
            "CASARE_ROBOT_URL": base_url,
            "CASARE_ROBOT_ID": settings.local_robot_id,
            "CASARE_ROBOT_NAME": "Local robot",
            "CASARE_ROBOT_API_KEY": api_key,
            "CASARE_ROBOT_STATE_DIR": str(folder.path / "robot"),
            "CASARE_ROBOT_MAX_CONCURRENT_JOBS": "2",
            "CASARE_ROBOT_GRACE_SECONDS": str(GRACE_SECONDS),
        },
    )


async def _key(robot_id: str, folder: DataFolder, auth: httpx.AsyncClient, tokens: InternalTokens) -> str:
    installer = Identity(kind="user", subject="casare-up", tenant_id=DEFAULT_TENANT, roles=(Role.ADMIN,))
    headers = {HEADER: tokens.sign(installer)}
    kept = folder.secrets()
    if _KEY in kept and await _is_active(auth, headers, robot_id, kept[_KEY_ID]):
        return kept[_KEY]
    body = {"robot_id": robot_id, "name": "local robot"}
    answer = await auth.post(KEYS_PATH, json=body, headers=headers)
    answer.raise_for_status()
    created: dict[str, Any] = answer.json()
    folder.keep_secrets({**folder.secrets(), _KEY: created["api_key"], _KEY_ID: created["key"]["id"]})
    return str(created["api_key"])


async def _is_active(auth: httpx.AsyncClient, headers: dict[str, str], robot_id: str, key_id: str) -> bool:
    answer = await auth.get(KEYS_PATH, params={"robot_id": robot_id}, headers=headers)
    answer.raise_for_status()
    return any(key["id"] == key_id and key["status"] == "active" for key in answer.json()["keys"])
