"""The product in both its shapes. Every test here runs unchanged in each: `embedded` and `distributed`."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support import workflows
from tests.support.api import API, Json
from tests.support.backends.decisions import decide, need
from tests.support.backends.private_broker import PrivateBroker
from tests.support.children import Children
from tests.support.contract.document import ApiDocument
from tests.support.deployment import ADMIN_PASSWORD, Deployment
from tests.support.distributed_deployment import Backends, DistributedDeployment
from tests.support.embedded_deployment import EmbeddedDeployment
from tests.support.run import private_folder
from tests.support.system import EVERY_MINUTE, System

SHAPES: Final = ("embedded", "distributed")
N_SCHEDULES: Final = 20
CRASHED: Final = re.compile("request_crashed|socket_crashed")
_documents: Final[dict[str, ApiDocument]] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Finds the backends of the distributed shape before any test's time runs.

    Its fixtures ask for them by `getfixturevalue`, so that the embedded shape does without; collection cannot see that.
    """
    if session.config.option.collectonly:
        return
    callspecs = [getattr(item, "callspec", None) for item in session.items]
    if any(spec is not None and spec.params.get("shape") == "distributed" for spec in callspecs):
        for subject in ("rabbitmq", "redis", "rabbitmq-server"):
            decide(subject)


@pytest.fixture(scope="session", params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    """How the product runs."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def deployment(shape: str, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """One for all tests that leave it as it was, but for what they stored."""
    home = private_folder(f"e2e-{shape}")
    with _embedded(home) if shape == "embedded" else _distributed(home, request) as running:
        yield running
    crashes = [line for log in home.glob("*.log") for line in log.read_text().splitlines() if CRASHED.search(line)]
    assert crashes == [], "a request or a socket hit a defect, whatever its test made of the answer"


@pytest.fixture(scope="session")
def breakable_deployment(shape: str, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """One whose processes and broker tests may stop and kill."""
    home = private_folder(f"e2e-breakable-{shape}")
    with ExitStack() as ends:
        if shape == "embedded":
            yield ends.enter_context(_embedded(home))
        else:
            need("rabbitmq-server")
            broker = ends.enter_context(PrivateBroker(private_folder("rabbitmq")))
            yield ends.enter_context(_distributed(home, request, broker))


@pytest.fixture(scope="session")
def every_minute(breakable_deployment: Deployment) -> list[Json]:
    """Schedules of one workflow that are all due at every minute, and have been ever since, crashes or not.

    So many, so that the schedulers meet. Their jobs are of another execution mode than other tests' robots take.
    """
    with httpx.Client(base_url=breakable_deployment.base_url + API, trust_env=False, verify=False) as client:

        def post(path: str, **body: Any) -> Json:
            answer: Json = client.post(path, json=body).raise_for_status().json()
            return answer

        tokens = post("/auth/login", username="admin", password=ADMIN_PASSWORD)
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        workflow_id = post(
            "/workflows", workflow_name=EVERY_MINUTE, workflow_json=workflows.nothing(), trigger_type="webhook"
        )["workflow_id"]
        due = {"workflow_id": workflow_id, "cron_expression": "* * * * *", "execution_mode": "internet"}
        return [post("/schedules", schedule_name=f"{EVERY_MINUTE} {n}", **due) for n in range(N_SCHEDULES)]


@pytest.fixture
async def system(deployment: Deployment, children: Children, tmp_path: Path) -> AsyncIterator[System]:
    """The shared deployment as this test uses it."""
    async with System(deployment, children, tmp_path) as opened:
        yield opened


@pytest.fixture
async def document(deployment: Deployment) -> ApiDocument:
    """What the deployment says about its API; the same for every test."""
    if deployment.base_url not in _documents:
        _documents[deployment.base_url] = await ApiDocument.of(deployment.base_url)
    return _documents[deployment.base_url]


@pytest.fixture
async def breakable(
    breakable_deployment: Deployment, every_minute: list[Json], children: Children, tmp_path: Path
) -> AsyncIterator[System]:
    """The breakable deployment, whole again whatever an earlier test left of it."""
    breakable_deployment.start()
    async with System(breakable_deployment, children, tmp_path) as opened:
        yield opened


def _embedded(home: Path) -> Deployment:
    return EmbeddedDeployment(home)


def _distributed(home: Path, request: pytest.FixtureRequest, broker: PrivateBroker | None = None) -> Deployment:
    """Its names begin with those of this worker, and end with their own, so that no other test shares its queues."""
    amqp_url = broker.url if broker is not None else request.getfixturevalue("amqp_url")
    amqp_prefix = "casare" if broker is not None else f"{request.getfixturevalue('amqp_prefix')}-e2e"
    backends = Backends(
        amqp_url=amqp_url,
        amqp_prefix=amqp_prefix,
        redis_url=request.getfixturevalue("redis_url"),
        redis_prefix=f"{request.getfixturevalue('redis_prefix')}{home.name}:",
        broker=broker,
    )
    return DistributedDeployment(home, backends)
