"""The scheduler service over its internal HTTP routes."""

from datetime import datetime
from typing import Any, Final

import httpx
import msgspec

from services.workflows.ports import InvalidSchedule, MadeSchedule, NewSchedule
from shared.kernel.clock import to_ms
from shared.kernel.errors import FieldError, Unavailable
from shared.kernel.identity import Identity
from shared.web.tokens import HEADER, InternalTokens

TIMEOUT: Final = httpx.Timeout(5.0, connect=2.0)
SERVICE_NAME: Final = "workflows"
_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500


class _Made(msgspec.Struct):
    """What matters of a schedule's answer."""

    schedule_id: str
    next_run: datetime | None


class _Deleted(msgspec.Struct):
    """How many schedules were deleted."""

    deleted: int


class _Refusal(msgspec.Struct):
    """What matters of problem details."""

    detail: str


class HttpSchedules:
    """`Schedules` by calls in the caller's tenant, which the token carries. `client` names the scheduler's address."""

    def __init__(self, client: httpx.AsyncClient, tokens: InternalTokens) -> None:
        self._client = client
        self._tokens = tokens

    async def check(self, tenant_id: str, cron: str) -> None:
        await self._post("/internal/schedules/preview", tenant_id, {"cron_expression": cron})

    async def create(self, schedule: NewSchedule) -> MadeSchedule:
        body = {
            "schedule_id": schedule.schedule_id,
            "workflow_id": schedule.workflow_id,
            "schedule_name": schedule.name,
            "cron_expression": schedule.cron,
            "priority": schedule.priority,
            "execution_mode": schedule.execution_mode.value,
            "created_by": schedule.created_by,
        }
        answer = msgspec.json.decode(await self._post("/internal/schedules", schedule.tenant_id, body), type=_Made)
        next_run_ms = None if answer.next_run is None else to_ms(answer.next_run)
        return MadeSchedule(answer.schedule_id, next_run_ms)

    async def delete_of_workflow(self, tenant_id: str, workflow_id: str) -> int:
        response = await self._send("DELETE", f"/internal/workflows/{workflow_id}/schedules", tenant_id)
        if not response.is_success:
            raise Unavailable(f"The scheduler answers {response.status_code}.")
        return msgspec.json.decode(response.content, type=_Deleted).deleted

    async def _post(self, path: str, tenant_id: str, body: dict[str, Any]) -> bytes:
        response = await self._send("POST", path, tenant_id, body)
        if response.status_code == _BAD_REQUEST:
            detail = msgspec.json.decode(response.content, type=_Refusal).detail
            raise InvalidSchedule(detail, [FieldError("schedule_cron", detail)])
        response.raise_for_status()
        return response.content

    async def _send(self, method: str, path: str, tenant_id: str, body: dict[str, Any] | None = None) -> httpx.Response:
        identity = Identity(kind="service", subject=SERVICE_NAME, tenant_id=tenant_id)
        headers = {HEADER: self._tokens.sign(identity)}
        try:
            response = await self._client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise Unavailable("The scheduler is not reachable.") from error
        if response.status_code >= _SERVER_ERROR:
            raise Unavailable("The scheduler cannot answer now.")
        return response
