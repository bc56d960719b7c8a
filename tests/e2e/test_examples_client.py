"""The examples that use the client or a shell, run as their pages say."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from casare import Client
from tests.support.children import Children
from tests.support.deployment import ADMIN_PASSWORD, Deployment, environment
from tests.support.run import ROOT
from tests.support.system import ROBOTS_ENVIRONMENT

pytestmark = pytest.mark.timeout(120)

EXAMPLES: Final = ROOT / "examples"
N_JOBS: Final = {"embedded": 1000, "distributed": 200}
"""A thousand take robots on two cores a minute and a half where every service is a process of its own."""
NAME: Final = "Square many numbers"


@pytest.fixture
def admin(deployment: Deployment) -> Iterator[Client]:
    """The admin's client."""
    with Client(deployment.base_url, username="admin", password=ADMIN_PASSWORD) as client:
        yield client


@pytest.fixture
def variables(deployment: Deployment, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who uses the deployment."""
    own = {
        "CASARE_URL": deployment.base_url,
        "CASARE_USERNAME": "admin",
        "CASARE_PASSWORD": ADMIN_PASSWORD,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "120",
    }
    return environment(own)


def example(*words: str | Path) -> list[str]:
    """The command line of one of the Python examples."""
    return [sys.executable, str(EXAMPLES / words[0]), *map(str, words[1:])]


def test_a_large_batch_is_followed_through_an_interruption(
    admin: Client, variables: dict[str, str], children: Children, deployment: Deployment, tmp_path: Path
) -> None:
    n_jobs = N_JOBS[deployment.shape]
    workflow, state = tmp_path / "square.json", tmp_path / "state.json"
    workflow.write_text((EXAMPLES / "batch" / "square.json").read_text().replace("Square a number", NAME))
    command = example("batch/submit_batch.py", workflow, "--count", str(n_jobs), "--state", state)
    first = children.start(command, name="interrupted", env=variables, cwd=tmp_path)
    first.wait_for_line(f"^Submitted {n_jobs} jobs")
    first.send_signal(signal.SIGINT)
    assert first.wait(20) == 130
    assert state.exists()
    _start_robot(admin, children, deployment, tmp_path)

    second = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=100)

    assert second.returncode == 1, second.stdout + second.stderr
    assert f"Going on with {n_jobs} jobs" in second.stdout
    assert f"Ended: {n_jobs - 1} completed, 1 failed" in second.stdout
    assert "division by zero" in second.stdout
    assert not state.exists()
    workflow_id = next(admin.workflows.list(search=NAME)).workflow_id
    assert Counter(job.status for job in admin.jobs.list(workflow_id=workflow_id, page_size=500)) == {
        "completed": n_jobs - 1,
        "failed": 1,
    }


def test_a_nightly_schedule_is_made_once_and_says_when_it_is_due(admin: Client, variables: dict[str, str]) -> None:
    command = example(
        "schedules/nightly.py",
        EXAMPLES / "invoices" / "workflow.json",
        "--at",
        "02:30",
        "--timezone",
        "America/New_York",
    )
    said = [subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout for _ in range(2)]

    found = re.search(r"^Nightly \((\S+)\): 30 2 \* \* \* in America/New_York$", said[0], re.MULTILINE)
    assert found, said[0]
    assert re.search(r"^  \w{3} \d\d \w{3} \d{4} 02:30 E[SD]T  in \d+ h \d+ min  Nightly$", said[0], re.MULTILINE), said
    assert found[1] in said[1]
    schedule = admin.schedules.get(found[1])
    assert [each.schedule_id for each in admin.schedules.list(workflow_id=schedule.workflow_id)] == [found[1]]
    admin.schedules.delete(found[1])


def test_a_schedule_in_no_time_zone_is_refused_in_one_line(variables: dict[str, str]) -> None:
    command = example("schedules/nightly.py", EXAMPLES / "invoices" / "workflow.json", "--timezone", "Mars/Olympus")
    outcome = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert outcome.returncode == 2
    assert re.match(r"InvalidInput: .*timezone.*\n$", outcome.stderr), outcome.stderr


def test_a_shell_signs_and_sends_a_delivery(admin: Client, deployment: Deployment) -> None:
    workflow = admin.workflows.push(EXAMPLES / "batch" / "square.json", name="From a shell")
    webhook = admin.webhooks.create(workflow.workflow_id, environment="nowhere")

    first = _deliver(webhook.url, webhook.secret, '{"order": 4711}', "order-4711")
    again = _deliver(webhook.url, webhook.secret, '{"order": 4711}', "order-4711")
    other = _deliver(webhook.url, webhook.secret, '{"order": 4712}', "order-4711")
    forged = _deliver(webhook.url, "whsec_AAAA", '{"order": 4711}', "order-4713")

    assert first.returncode == 0, first.stderr
    assert '"delivery_id":"order-4711"' in first.stdout
    assert again.stdout == first.stdout
    assert (other.returncode, forged.returncode) == (22, 22)
    assert "DELIVERY_CONFLICT" in other.stdout
    assert "WEBHOOK_REFUSED" in forged.stdout
    (job,) = admin.jobs.list(workflow_id=workflow.workflow_id)
    assert (job.refresh().variables or {})["webhook"]["body"] == {"order": 4711}
    job.cancel()


def _deliver(url: str, secret: str, body: str, delivery_id: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(EXAMPLES / "webhook" / "webhook.sh"), body, delivery_id]
    env = {"PATH": os.environ["PATH"], "URL": url, "SECRET": secret}
    return subprocess.run(command, env=env, capture_output=True, text=True)


def _start_robot(admin: Client, children: Children, deployment: Deployment, workdir: Path) -> None:
    """A real robot with many slots."""
    settings = {
        "CASARE_ROBOT_URL": deployment.base_url,
        "CASARE_ROBOT_ID": "batch-robot",
        "CASARE_ROBOT_API_KEY": admin.keys.create("batch-robot").api_key,
        "CASARE_ROBOT_ENVIRONMENT": ROBOTS_ENVIRONMENT,
        "CASARE_ROBOT_MAX_CONCURRENT_JOBS": "20",
        "CASARE_ROBOT_WORKDIR": str(workdir),
        "CASARE_ROBOT_GRACE_SECONDS": "0.5",
    }
    command = [sys.executable, "-m", "cli.main", "robot", "run"]
    children.start(command, name="batch-robot", env=environment(settings), cwd=ROOT)
