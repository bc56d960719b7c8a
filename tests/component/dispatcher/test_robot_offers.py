"""Jobs that were pushed and not accepted yet, while the robot's connections change."""

from collections.abc import Awaitable, Callable

from services.dispatcher.adapters.job_store import MongoJobs
from services.dispatcher.adapters.robot_store import MongoRobots
from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.use_cases.connect_robot import ConnectRobot
from services.dispatcher.use_cases.take_jobs import TakeJobs
from shared.jobs import DefinitionStore
from shared.kernel.ids import new_id
from shared.web.app import drain
from shared.web.runtime import Runtime
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually
from tests.support.robot_socket import robot_key, serving_dispatcher


class Interrupted:
    """Workflows from the store, where something else happens each time before one is read."""

    def __init__(self, definitions: DefinitionStore, happens: Callable[[], Awaitable[object]]) -> None:
        self._definitions = definitions
        self._happens = happens

    async def get(self, definition_id: str) -> str:
        await self._happens()
        return await self._definitions.get(definition_id)


def connecting(runtime: Runtime, jobs: MongoJobs, happens: Callable[[], Awaitable[object]]) -> ConnectRobot:
    """The use case, interrupted between its look at an offer and its renewal."""
    robots = MongoRobots(runtime.store, runtime.relay, runtime.clock, runtime.new_id)
    take = TakeJobs(
        jobs=jobs,
        robots=robots,
        definitions=Interrupted(DefinitionStore(runtime.store), happens),
        index=CandidateIndex(),
        clock=runtime.clock,
        new_token=new_id,
        refill=lambda: None,
    )
    return ConnectRobot(jobs, robots, take, runtime.clock, accept_seconds=10)


async def test_a_job_that_is_accepted_while_the_robot_comes_back_is_among_those_it_finds(
    store_url: str, database_name: str
) -> None:
    async with running_dispatcher(store_url, database_name) as dispatcher, serving_dispatcher(dispatcher) as server:
        runtime = dispatcher.runtime
        jobs = MongoJobs(runtime.store, runtime.relay, runtime.clock, runtime.new_id)
        async with server.robot() as robot:
            await robot.register()
            job = await dispatcher.submit()
            await robot.expect("job_assign")

            async def accept() -> None:
                """What the earlier connection was about to do."""
                now = await dispatcher.job(job.job_id)
                if now.is_offered:
                    await jobs.apply(now, lifecycle.accept(now, lease_seconds=60, now_ms=runtime.clock.now_ms()))

            connect = connecting(runtime, jobs, accept)
            resumed = await connect(caller=robot_key("r1"), robot_id="r1", connection_id="later")
            assert ([one.job_id for one in resumed.accepted], resumed.offered) == ([job.job_id], [])
            assert (await dispatcher.job(job.job_id)).status == "running"


async def test_a_server_that_stops_takes_nothing_back_that_the_robot_was_offered_anew_elsewhere(
    store_url: str, database_name: str
) -> None:
    async with (
        running_dispatcher(store_url, database_name) as stopping,
        running_dispatcher(store_url, database_name) as staying,
        serving_dispatcher(stopping) as one,
        serving_dispatcher(staying) as two,
        one.robot() as first,
        two.robot() as second,
    ):
        await first.register()
        job = await stopping.submit()
        await first.expect("job_assign")
        await second.register()
        again = await second.expect("job_assign", job_id=job.job_id)
        drain(stopping.app)
        assert await first.close_code() == 1012
        await eventually(lambda: _nobody_is_connected(stopping))
        await second.send("job_accept", job_id=job.job_id, lease_token=again["lease_token"])
        await second.expect("job_ack", report="job_accept", outcome="running")


async def _nobody_is_connected(dispatcher: Dispatcher) -> bool:
    return "casare_robot_sockets 0.0" in (await dispatcher.http.get("/metrics")).text
