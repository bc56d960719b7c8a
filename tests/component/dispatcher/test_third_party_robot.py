"""A robot that was written from the protocol's page alone does a full day."""

from typing import Any

from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.robot_socket import robot_key, serving_dispatcher
from tests.support.third_party_day import Stored, Workshop, a_full_day
from tests.support.third_party_robot import ThirdPartyRobot


class DispatchersOffice:
    """Gives work to whoever asks the dispatcher for it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.submitted: list[str] = []

    async def submit(self, *, max_attempts: int = 3, variables: dict[str, Any]) -> str:
        job = await self._dispatcher.submit(max_attempts=max_attempts, variables=variables)
        self.submitted.append(job.job_id)
        return job.job_id

    async def cancel(self, job_id: str) -> None:
        await self._dispatcher.user().post(f"/jobs/{job_id}/cancel")

    async def drain(self, robot_id: str) -> None:
        await self._dispatcher.user().post(f"/robots/{robot_id}/commands", {"command": "drain"})

    async def stored(self, job_id: str) -> Stored:
        job = await self._dispatcher.job(job_id)
        return Stored(job.status, job.attempt)


async def test_a_full_day(store_url: str, database_name: str) -> None:
    async with (
        running_dispatcher(store_url, database_name) as dispatcher,
        serving_dispatcher(dispatcher) as server,
    ):
        office, work = DispatchersOffice(dispatcher), Workshop()
        robot = ThirdPartyRobot(
            url=f"{server.url.replace('http', 'ws', 1)}/api/v1",
            robot_id="theirs",
            work=work,
            headers=lambda: dispatcher.headers(robot_key("theirs")),
            slots=3,
            patience=0.05,
        )
        await a_full_day(office, robot, work)
        assert (await dispatcher.job(office.submitted[-1])).attempts_used == 1, "a release counts no attempt"
