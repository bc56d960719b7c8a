"""The Python client against the whole product, with real robots."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from casare import (
    AsyncClient,
    Client,
    Conflict,
    Forbidden,
    InvalidInput,
    JobCancelled,
    JobFailed,
    NotAuthenticated,
    NotFound,
    Run,
    webhooks,
)
from tests.support import workflows
from tests.support.deployment import ADMIN_PASSWORD, Deployment
from tests.support.run import ROOT
from tests.support.system import System

pytestmark = pytest.mark.timeout(90)

SQUARE = ROOT / "examples" / "batch" / "square.json"


@pytest.fixture
async def client(deployment: Deployment) -> AsyncIterator[AsyncClient]:
    """The admin's client."""
    async with AsyncClient(deployment.base_url, username="admin", password=ADMIN_PASSWORD) as opened:
        yield opened


@pytest.fixture
def blocking(deployment: Deployment) -> Iterator[Client]:
    """The admin's client, for code without asyncio."""
    with Client(deployment.base_url, username="admin", password=ADMIN_PASSWORD) as opened:
        yield opened


async def test_a_submitted_workflow_is_waited_for_and_its_result_read(
    client: AsyncClient, system: System, tmp_path: Path
) -> None:
    await system.robot_process("client", tmp_path)
    job = await client.submit(SQUARE, variables={"number": 12})
    assert await job.result(timeout=40) == {"outputs": {"square": 144.0}} | _measured(job.record)
    assert (job.status, job.record and job.record.progress) == ("completed", 100)
    assert [
        found.id async for found in client.jobs.list(workflow_id=job.record.workflow_id if job.record else None)
    ] == [job.id]
    async with asyncio.timeout(10):
        assert [line async for line in job.logs(follow=True)] == [line async for line in job.logs()]


async def test_many_runs_of_a_stored_workflow_are_waited_for_together(
    client: AsyncClient, system: System, tmp_path: Path
) -> None:
    await system.robot_process("client", tmp_path)
    workflow = await client.workflows.push(SQUARE)
    jobs = await client.submit_batch([Run(workflow, variables={"number": n}) for n in range(20)])
    again = await client.submit_batch([Run(workflow, variables={"number": n}) for n in range(3)], idempotency_key="k-1")
    same = await client.submit_batch([Run(workflow, variables={"number": n}) for n in range(3)], idempotency_key="k-1")
    assert [job.id for job in again] == [job.id for job in same]
    with pytest.raises(Conflict):
        await client.submit_batch([Run(workflow)], idempotency_key="k-1")

    records = await client.wait_all([*jobs, *again], timeout=60)

    by_status = {status: sum(record.status == status for record in records) for status in ("completed", "failed")}
    assert by_status == {"completed": 22, "failed": 1}
    assert (await jobs[7].result())["outputs"] == {"square": 49.0}
    with pytest.raises(JobFailed, match="zero") as failed:
        await jobs[13].result()
    assert failed.value.record.failed_node == "square"
    letters = [letter async for letter in client.dlq.list(workflow_id=workflow.workflow_id)]
    assert [letter.job_id for letter in letters] == [jobs[13].id]
    retried = await client.dlq.retry(jobs[13].id)
    assert (await retried.wait(timeout=40)).retry_of == jobs[13].id


async def test_a_job_nobody_can_run_says_why_and_is_cancelled(client: AsyncClient) -> None:
    workflow = await client.workflows.push(workflows.nothing(), name="Nobody runs this")
    job = await client.submit(workflow, environment="nowhere", priority=1)
    assert (await job.explain()).reasons[0].code == "NO_ROBOT_IN_ENVIRONMENT"
    waiting = asyncio.create_task(job.result(timeout=30))
    assert (await job.cancel()).cancelled
    with pytest.raises(JobCancelled):
        await waiting
    with pytest.raises(InvalidInput):
        await client.submit(workflow, priority=-1)
    other = await job.retry()
    assert (await other.refresh()).retry_of == job.id
    await other.cancel()


def test_threads_share_a_client(blocking: Client) -> None:
    workflow = blocking.workflows.push(workflows.nothing(), name="Threads")

    def run(number: int) -> str:
        job = blocking.submit(workflow, environment="nowhere", variables={"number": number})
        job.cancel()
        return job.wait(timeout=30).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(run, range(24))) == {"cancelled"}
    assert sum(1 for _ in blocking.jobs.list(workflow_id=workflow.workflow_id, page_size=10)) == 24


def test_pushing_again_makes_a_version_and_only_when_something_changed(blocking: Client) -> None:
    first = blocking.workflows.push(workflows.nothing(), name="Pushed")
    same = blocking.workflows.push(workflows.nothing(), name="Pushed")
    assert (same.workflow_id, same.version) == (first.workflow_id, 1)
    second = blocking.workflows.push(workflows.delay(1), name="Pushed", expected_version=1)
    assert (second.workflow_id, second.version) == (first.workflow_id, 2)
    with pytest.raises(Conflict):
        blocking.workflows.push(workflows.nothing(), name="Pushed", expected_version=1)
    assert blocking.workflows.get(first.workflow_id, version=1).workflow_json == workflows.nothing()
    assert {version.version for version in blocking.workflows.versions(first.workflow_id)} == {1, 2}
    assert list(blocking.jobs.list(workflow_id=first.workflow_id)) == []
    assert blocking.webhooks.list(first.workflow_id) == []
    blocking.workflows.delete(first.workflow_id)
    with pytest.raises(NotFound):
        blocking.workflows.get(first.workflow_id)


def test_a_schedule_in_a_time_zone_is_due_there(blocking: Client) -> None:
    workflow = blocking.workflows.push(workflows.nothing(), name="Scheduled by the client")
    schedule = blocking.schedules.create(workflow, "nightly", "30 2 * * *", timezone="Asia/Tokyo")
    due = [each.next_run for each in blocking.schedules.upcoming(workflow_id=workflow.workflow_id)]
    assert due[0] is not None
    assert f"{due[0].astimezone(ZoneInfo('Asia/Tokyo')):%H:%M}" == "02:30"
    assert datetime.now(UTC) < due[0] < datetime.now(UTC) + timedelta(days=1, minutes=1)
    job = blocking.schedules.trigger(schedule.schedule_id, idempotency_key="tonight")
    assert blocking.schedules.trigger(schedule.schedule_id, idempotency_key="tonight").id == job.id
    job.cancel()
    assert not blocking.schedules.disable(schedule.schedule_id).enabled
    assert [each.schedule_id for each in blocking.schedules.list(enabled=False, workflow_id=workflow.workflow_id)] == [
        schedule.schedule_id
    ]
    blocking.schedules.delete(schedule.schedule_id)
    with pytest.raises(NotFound):
        blocking.schedules.get(schedule.schedule_id)


@pytest.mark.parametrize("form", ["standard", "simple"])
def test_a_signed_delivery_starts_a_job(blocking: Client, form: webhooks.Form) -> None:
    workflow = blocking.workflows.push(workflows.nothing(), name="Delivered")
    webhook = blocking.webhooks.create(workflow.workflow_id, environment="nowhere")
    body = b'{"order": 4711}'
    headers = webhooks.sign(webhook.secret, body, form=form) | {"Content-Type": "application/json"}

    answer = httpx.post(webhook.url, content=body, headers=headers, trust_env=False)

    job = blocking.jobs.get(answer.raise_for_status().json()["job_id"])
    assert job.record is not None
    assert job.record.variables is not None
    assert job.record.variables["webhook"]["body"] == {"order": 4711}
    refused = httpx.post(webhook.url, content=b"{}", headers=headers, trust_env=False)
    assert refused.status_code == 401
    job.cancel()
    blocking.webhooks.delete(workflow.workflow_id, webhook.webhook_id)


def test_keys_users_robots_and_figures_are_typed(blocking: Client, deployment: Deployment) -> None:
    made = blocking.keys.create("client's", description="of a test")
    assert made.api_key.startswith("crpa_")
    assert made.api_key not in repr(made)
    rotated = blocking.keys.rotate(made.key.id, overlap_seconds=0)
    assert blocking.keys.get(made.key.id).rotated_to == rotated.key.id
    assert blocking.keys.revoke(rotated.key.id).status == "revoked"
    assert rotated.key.id in {key.id for key in blocking.keys.list(page_size=1)}
    user = blocking.users.create("client-viewer", "a long enough passphrase", "viewer")
    assert user in list(blocking.users.list(page_size=1))
    with Client(deployment.base_url, username="client-viewer", password="a long enough passphrase") as viewer:
        assert viewer.whoami().roles == ["viewer"]
        with pytest.raises(Forbidden):
            viewer.users.delete(user.user_id)
    assert blocking.users.update(user.user_id, display_name="A viewer").display_name == "A viewer"
    blocking.users.delete(user.user_id)
    assert blocking.metrics.fleet().total_robots == sum(1 for _ in blocking.robots.list(page_size=1))
    assert blocking.metrics.analytics(days=1).days == 1
    assert "default" in {tenant.tenant_id for tenant in blocking.tenants.list()}
    assert next(iter(blocking.audit.list(page_size=1))).timestamp.tzinfo is not None
    assert blocking.dlq.stats().total >= 0
    with pytest.raises(NotFound):
        blocking.metrics.robot("nobody")


def test_a_wrong_password_is_refused_with_the_first_call(deployment: Deployment) -> None:
    with Client(deployment.base_url, username="admin", password="wrong") as client, pytest.raises(NotAuthenticated):
        client.whoami()


async def test_a_revoked_login_is_renewed_by_who_knows_the_password(
    client: AsyncClient, deployment: Deployment
) -> None:
    await client.whoami()
    token = await client._session.tokens.token()
    async with httpx.AsyncClient(trust_env=False) as http:
        bearer = {"Authorization": f"Bearer {token}"}
        (await http.post(f"{deployment.base_url}/api/v1/auth/logout", headers=bearer)).raise_for_status()
    answers = await asyncio.gather(*(client.whoami() for _ in range(10)))
    assert {answer.user_id for answer in answers} == {"admin"}
    assert await client._session.tokens.token() != token


def _measured(record: Any) -> dict[str, Any]:
    """What a result holds beside its outputs."""
    return {name: value for name, value in (record.result or {}).items() if name != "outputs"}
