"""Recorded conversations, one in each framing, had again to the letter: robots in the field depend on every byte.

A line of a transcript is a message of the robot, one of the server, or what somebody else does meanwhile. Times, ids
and tokens are given. `CASARE_TEST_RECORD=1` writes the lines of the server anew: changing them changes the protocol.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.clock import ManualClock
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.robot_socket import PATIENCE_SECONDS, serving_dispatcher

FOLDER: Final = Path(__file__).parents[2] / "contracts" / "robot_socket"
RECORDING: Final = "CASARE_TEST_RECORD" in os.environ


def numbered(prefix: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"


async def do(dispatcher: Dispatcher, action: Mapping[str, Any]) -> None:
    """What happens beside the conversation."""
    user = dispatcher.user()
    match action["do"]:
        case "submit":
            fields = {name: value for name, value in action.items() if name != "do"}
            await dispatcher.submit(**fields)
        case "cancel":
            assert (await user.post(f"/jobs/{action['job_id']}/cancel")).status_code == 200
        case "command":
            assert (await user.post("/robots/r1/commands", {"command": action["command"]})).status_code == 200
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize("name", ["flat", "enveloped"])
async def test_the_transcript_is_had_again(store_url: str, database_name: str, name: str) -> None:
    path = FOLDER / f"{name}.jsonl"
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    given = {"lease_tokens": numbered("token"), "message_ids": numbered("server")}
    async with (
        running_dispatcher(store_url, database_name, clock=ManualClock(), random_parts=given) as dispatcher,
        serving_dispatcher(dispatcher) as server,
        server.robot() as robot,
    ):
        for number, line in enumerate(lines, 1):
            if "robot" in line:
                await robot.connection.send(line["robot"])
            elif "server" in line:
                text = await asyncio.wait_for(robot.connection.recv(), PATIENCE_SECONDS)
                if RECORDING:
                    line["server"] = text
                assert text == line["server"], f"{path.name}, line {number}"
            elif "closed" in line:
                assert await robot.close_code() == line["closed"]
                assert robot.seen == []
            else:
                await do(dispatcher, line)
    if RECORDING:
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
