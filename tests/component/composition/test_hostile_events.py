"""Events twice, out of order and malformed change nothing: all services of one process, on each bus."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cli.embedded import Embedded, embedded
from shared.config import ServiceSettings, load
from shared.events import CloudEvent, encode
from shared.jobs import JobStatus
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.messaging import Bus, Consumer, Message, Subscription
from shared.messaging.rabbitmq import RabbitMQBus
from shared.web.tokens import HEADER
from tests.support.eventually import eventually

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Installation:
    """Running services, and a second pair of hands on their bus."""

    running: Embedded
    bus: Bus
    events: list[CloudEvent]

    async def call(self, service: str, method: str, path: str, body: object = None, *, robot: str = "") -> Any:
        """The JSON answer of a service to an admin, or to `robot`."""
        admin = Identity(kind="user", subject="admin", tenant_id="default", roles=(Role.ADMIN,))
        key = Identity(kind="robot", subject="key", tenant_id="default", robot_id=robot)
        headers = {HEADER: self.running.tokens.sign(key if robot else admin)}
        async with self.running.client(service) as client:
            answer = await client.request(method, API + path, json=body, headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json() if answer.headers["content-type"] == "application/json" else answer.text

    async def facts(self) -> dict[str, Any]:
        """Everything users can see that events feed."""
        return {
            "prometheus": await self.call("metrics", "GET", "/metrics/prometheus"),
            "activity": await self.call("metrics", "GET", "/metrics/activity?limit=200"),
            "jobs": await self.call("metrics", "GET", "/metrics/jobs"),
            "robot": await self.call("metrics", "GET", "/metrics/robots/r1"),
        }


@pytest.fixture(params=["in_process", "rabbitmq"])
async def installation(
    request: pytest.FixtureRequest, store_url: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    environment = {"CASARE_MONGODB_URL": store_url, "CASARE_MONGODB_DATABASE": database_name}
    if request.param == "rabbitmq":
        environment["CASARE_AMQP_URL"] = request.getfixturevalue("amqp_url")
        environment["CASARE_AMQP_PREFIX"] = f"{request.getfixturevalue('amqp_prefix')}{database_name}"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load(ServiceSettings)
    async with embedded(settings) as running:
        bus = running.bus
        if isinstance(bus, RabbitMQBus):
            assert await bus.wait_connected(10)
        events: list[CloudEvent] = []

        async def keep(event: CloudEvent) -> None:
            events.append(event)

        await Consumer({}, otherwise=keep).attach(bus, Subscription("listener", ("#",)))
        yield Installation(running, bus, events)


async def run_jobs(installation: Installation) -> None:
    """One completed, one failed, one cancelled job."""
    registration = {"robot_id": "r1", "name": "R", "hostname": "h", "max_concurrent_jobs": 5}
    await installation.call("dispatcher", "POST", "/robots/register", registration, robot="r1")
    workflow = {"workflow_name": "W", "workflow_json": {"nodes": {}}}
    submitted = [await installation.call("workflows", "POST", "/workflows", workflow) for _ in range(3)]
    await installation.call("dispatcher", "POST", f"/jobs/{submitted[2]['job_id']}/cancel")
    for call, body in (("complete", {}), ("fail", {"error_message": "e", "retryable": False})):
        claim = {"wait_seconds": 5}
        claimed = await installation.call("dispatcher", "POST", "/jobs/claim", claim, robot="r1")
        await installation.call("dispatcher", "POST", f"/jobs/{claimed['job_id']}/{call}", body, robot="r1")


async def test_duplicates_reordered_and_malformed_events_change_nothing(installation: Installation) -> None:
    await run_jobs(installation)

    async def settled() -> bool:
        text = str((await installation.facts())["prometheus"])
        ended = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
        return all(f'status="{status.value}"}} 1.0' in text for status in ended)

    await eventually(settled, timeout_seconds=15)
    before = await installation.facts()
    again = list(installation.events) * 2
    assert {event.type for event in again} >= {"job.submitted", "job.completed", "job.failed", "job.cancelled"}
    random.Random(7).shuffle(again)
    published = await installation.bus.publish([Message(event.id, event.type, encode(event)) for event in again])
    assert all(published)
    garbage = [
        Message("bad-1", "job.completed", b"\x00 not json"),
        Message("bad-2", "job.completed", b'{"specversion":"1.0"}'),
        Message("bad-3", "job.completed", encode(again[0]).replace(b'"data":{', b'"data":[{').replace(b"}}", b"}]}")),
    ]
    await installation.bus.publish(garbage)

    async def repeats_handled() -> bool:
        return len(installation.events) >= 3 * len(again) // 2

    await eventually(repeats_handled, timeout_seconds=15)
    workflow = {"workflow_name": "after", "workflow_json": {"nodes": {}}}
    await installation.call("workflows", "POST", "/workflows", workflow)

    async def flows_on() -> bool:
        return any(event.type == "job.submitted" and b"after" in encode(event) for event in installation.events)

    await eventually(flows_on, timeout_seconds=15, because="poison must not block the queues")
    after = await installation.facts()
    assert strip_new(after) == strip_new(before)


def strip_new(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts without the job that was submitted to see that events flow on."""
    known = [event for event in facts["activity"]["events"] if event["data"].get("workflow_name") != "after"]
    jobs = [job for job in facts["jobs"] if job["workflow_name"] != "after"]
    counters = [line for line in facts["prometheus"].splitlines() if "jobs_total" in line or "duration" in line]
    return {"activity": known, "jobs": jobs, "counters": counters, "robot": facts["robot"]}
