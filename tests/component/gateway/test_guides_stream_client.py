"""The client in the guide to live streams, whose service breaks off and comes back."""

import json
import re
from typing import Any, Final

import pytest
from starlette.types import Receive, Scope, Send

from shared.kernel.errors import Unavailable
from shared.web.close_codes import CloseCode
from tests.component.gateway.running_gateway import StartGateway
from tests.component.gateway.sockets import SocketService, StartFront
from tests.support.run import ROOT

GUIDE: Final = ROOT / "docs" / "guides" / "live-streams.md"


async def test_it_goes_on_where_it_left_until_that_is_of_no_use(
    start_gateway: StartGateway, front: StartFront, service: SocketService, capsys: pytest.CaptureFixture[str]
) -> None:
    async def break_off_once(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(**frame: Any) -> None:
            await send({"type": "websocket.send", "text": json.dumps({"type": "job_update", **frame})})

        await send({"type": "websocket.accept"})
        if len(service.handshakes) == 1:
            await tell(seq=5, job_id="j-1", status="claimed")
            raise Unavailable("the store is away")
        assert scope["query_string"] == b"since=5"
        await tell(seq=6, job_id="j-1", status="completed", progress=100)
        await send({"type": "websocket.close", "code": CloseCode.FORBIDDEN, "reason": ""})

    service.talk = break_off_once
    [code] = re.findall(r"^```python\n(.*?)^asyncio\.run.*?^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    async with front(start_gateway, service) as served:
        key = served.running.api_key()["X-Api-Key"]
        await names["watch"](served.url.replace("http", "ws", 1), key)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("j-1")] == ["j-1 claimed None", "j-1 completed 100"]
