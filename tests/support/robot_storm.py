"""Many robots in a process of their own, to which everything happens: drops, duplicates, stops.

    python -m tests.support.robot_storm URL N_ROBOTS SEED FOLDER

works until `FOLDER/stop` is there, then writes the robots' own record to `FOLDER/record.json`.
"""

import asyncio
import json
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from shared.config.settings import DEVELOPMENT_INTERNAL_KEY
from shared.kernel.clock import SystemClock
from shared.web.tokens import HEADER, InternalTokens
from tests.support.eventually import eventually
from tests.support.robot_socket import robot_key
from tests.support.third_party_robot import ThirdPartyRobot

P_DROP: Final = 0.03
P_DUPLICATE: Final = 0.05
LONGEST_WORK_SECONDS: Final = 1.0
BEAT_SECONDS: Final = 15.0
BATCH: Final = 50
_tokens: Final = InternalTokens(DEVELOPMENT_INTERNAL_KEY, SystemClock())


def storm_robot(url: str, number: int, chance: random.Random) -> ThirdPartyRobot:
    """One of them; its luck follows from the seed."""
    robot_id = f"storm-{number}"

    def chaos(kind: str) -> bool:
        return chance.random() < (P_DROP if kind == "drop" else P_DUPLICATE)

    async def work(job: dict[str, Any], progress: Callable[[int], Awaitable[None]]) -> dict[str, Any]:
        for percent in (30, 60):
            await asyncio.sleep(chance.uniform(0, LONGEST_WORK_SECONDS / 2))
            await progress(percent)
        return {"by": robot_id, "job": job["job_id"]}

    def headers() -> Mapping[str, str]:
        return {HEADER: _tokens.sign(robot_key(robot_id))}

    return ThirdPartyRobot(
        url, robot_id, work, headers, slots=1 + number % 3, chaos=chaos, patience=0.5, beat_seconds=BEAT_SECONDS
    )


async def storm(url: str, n_robots: int, seed: int, folder: Path) -> None:
    """Run the robots until told to stop."""
    robots = [storm_robot(url, number, random.Random(seed * 10_000 + number)) for number in range(n_robots)]
    running = []
    for number, robot in enumerate(robots):
        running.append(asyncio.create_task(robot.run()))
        if number % BATCH == BATCH - 1:
            await asyncio.wait_for(robot.registered.wait(), 30)
    (folder / "connected").touch()
    await eventually((folder / "stop").exists, timeout_seconds=600)
    for robot in robots:
        robot.chaos = lambda _: False
    # The server has the last result before its robot, which may have to come back first, hears so.
    await eventually(lambda: not any(robot.tasks for robot in robots), timeout_seconds=40)
    for robot in robots:
        await robot.leave()
    await asyncio.wait(running, timeout=20)
    record = {
        robot.robot_id: {
            "completed": robot.completed,
            "started": robot.started,
            "codes": robot.close_codes,
        }
        for robot in robots
    }
    (folder / "record.json").write_text(json.dumps(record))


if __name__ == "__main__":
    asyncio.run(storm(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
