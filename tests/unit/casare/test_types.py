"""What type checkers see of the client: `make check` holds these against the code."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, assert_type

import pytest

import casare
from casare import AsyncClient, AsyncJob, Client, Job, Run, webhooks
from casare.models import (
    ApiKey,
    AuditEntry,
    DeadLetter,
    DueTime,
    Event,
    FleetMetrics,
    Identity,
    JobRecord,
    LogEntry,
    NewWebhook,
    Robot,
    Schedule,
    Workflow,
    WorkflowSummary,
)


def blocking(client: Client) -> None:
    job = assert_type(client.submit({"nodes": {}}, variables={"a": 1}), Job)
    assert_type(client.submit_batch([Run("w")]), list[Job])
    assert_type(client.wait_all([job], timeout=1), list[JobRecord])
    assert_type(job.wait(), JobRecord)
    assert_type(job.result(), dict[str, Any])
    assert_type(job.retry(), Job)
    assert_type(job.logs(follow=True), Iterator[LogEntry])
    assert_type(client.jobs.list(), Iterator[Job])
    workflow = assert_type(client.workflows.push(Path("w.json")), Workflow)
    assert_type(client.workflows.list(), Iterator[WorkflowSummary])
    assert_type(client.schedules.create(workflow, "n", "* * * * *"), Schedule)
    assert_type(client.schedules.list(), Sequence[Schedule])
    assert_type(client.schedules.upcoming(), Sequence[DueTime])
    assert_type(client.schedules.trigger("s"), Job)
    assert_type(client.webhooks.create("w"), NewWebhook)
    assert_type(client.robots.list(), Iterator[Robot])
    assert_type(client.keys.list(), Iterator[ApiKey])
    assert_type(client.dlq.list(), Iterator[DeadLetter])
    assert_type(client.audit.list(), Iterator[AuditEntry])
    assert_type(client.metrics.fleet(), FleetMetrics)
    assert_type(client.events(), Iterator[Event])
    assert_type(client.whoami(), Identity)
    assert_type(webhooks.sign("s", b""), dict[str, str])


async def asynchronous(client: AsyncClient) -> None:
    job = assert_type(await client.submit("w"), AsyncJob)
    assert_type(await client.submit_batch([Run("w")]), list[AsyncJob])
    assert_type(await client.wait_all([job]), list[JobRecord])
    assert_type(await job.result(), dict[str, Any])
    assert_type(job.logs(), AsyncIterator[LogEntry])
    assert_type(client.jobs.list(), AsyncIterator[AsyncJob])
    assert_type(client.events(), AsyncIterator[Event])
    assert_type(await client.schedules.list(), Sequence[Schedule])


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(casare.__file__).parent / "py.typed").exists()


def test_everything_that_is_exported_is_there_and_nothing_else() -> None:
    assert [name for name in casare.__all__ if getattr(casare, name) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        casare.Clint  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_loads_no_http_client_before_one_is_needed() -> None:
    code = "import sys, casare.webhooks; assert not {'httpx', 'msgspec'} & set(sys.modules); casare.Client"
    subprocess.run([sys.executable, "-c", code], check=True)
