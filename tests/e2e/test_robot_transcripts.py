"""The recorded conversations of `tests/contracts/robot_socket`, had again through the gateway.

Byte for byte they are had with the dispatcher alone; here ids, times and tokens are the running product's.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.api import Json, at
from tests.support.gateway_sockets import SocketOffice, at_gateway
from tests.support.system import System

pytestmark = pytest.mark.timeout(60)

FOLDER: Final = Path(__file__).parents[1] / "contracts" / "robot_socket"
GIVEN: Final = re.compile(r"\b(?:job|token|workflow|server)-\d+\b")
"""What stands in a transcript for something that the product chooses."""
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT.*Z")
WORKFLOW: Final = frozenset({"workflow_json", "workflow_data"})
"""Of another workflow than the recorded one, which has no nodes."""


class Names:
    """What the transcript's names stand for, learned as they come."""

    def __init__(self, **known: str) -> None:
        self._known = known

    def learn(self, name: str, value: str) -> None:
        """`name` stands for `value`, now and later."""
        assert self._known.setdefault(name, value) == value

    def said(self, text: str) -> str:
        """A robot's line as it is sent."""
        for name, value in self._known.items():
            text = text.replace(f'"{name}"', f'"{value}"')
        return text

    def check(self, recorded: Any, actual: Any, where: str) -> None:
        """The same, but for what the product chooses."""
        if isinstance(recorded, dict):
            assert list(actual) == list(recorded), where
            for name in recorded.keys() - WORKFLOW:
                self.check(recorded[name], actual[name], f"{where}.{name}")
        elif isinstance(recorded, list) and recorded and isinstance(recorded[0], dict):
            assert len(actual) == len(recorded), where
            for one, other in zip(recorded, actual, strict=True):
                self.check(one, other, where)
        elif not isinstance(recorded, str):
            assert actual == recorded, where
        elif GIVEN.fullmatch(recorded):
            self.learn(recorded, actual)
        elif TIME.fullmatch(recorded):
            at(actual)  # or it raises
        else:
            expected = GIVEN.sub(lambda found: self._known[found[0]], self._known.get(recorded, recorded))
            assert actual == expected, where


async def do(office: SocketOffice, names: Names, robot_id: str, action: Json) -> None:
    """What happens beside the conversation."""
    if action["do"] == "submit":
        fields = {name: value for name, value in action.items() if name not in ("do", "job_id")}
        names.learn(action["job_id"], await office.submit(**fields))
    elif action["do"] == "cancel":
        await office.cancel(json.loads(names.said(json.dumps(action["job_id"]))))
    else:
        assert action == {"do": "command", "command": "drain"}
        await office.drain(robot_id)


@pytest.mark.parametrize("name", ["flat", "enveloped"])
async def test_the_transcript_is_had_again(system: System, name: str) -> None:
    path = FOLDER / f"{name}.jsonl"
    office = await SocketOffice.of(system, "Invoices")
    robot_id, key = await office.key("recorded")
    names = Names(r1=robot_id, default=office.environment)
    async with at_gateway(system, robot_id, key) as robot:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            said = json.loads(line)
            if "robot" in said:
                await robot.connection.send(names.said(said["robot"]))
            elif "server" in said:
                names.check(json.loads(said["server"]), await robot.receive(), f"{path.name}, line {number}")
            elif "closed" in said:
                assert (await robot.close_code(), robot.seen) == (said["closed"], [])
            else:
                await do(office, names, robot_id, said)
