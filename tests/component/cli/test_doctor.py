"""`casare doctor` on whole and on broken installations: each with real parts."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.component.cli.conftest import Casare
from tests.component.cli.installations import Installation
from tests.support.backends.private_broker import PrivateBroker
from tests.support.backends.private_redis import PrivateRedis
from tests.support.backends.probes import mongo_client
from tests.support.ports import LOOPBACK, free_port

SECRET = "a-word-that-nobody-may-see"


class Report:
    """What the doctor found."""

    def __init__(self, casare: Casare, **env: str) -> None:
        casare.env["CASARE_URL"] = env.pop("CASARE_URL", None)
        outcome = casare("doctor", "-o", "json", **env)
        assert outcome.exit_code in (0, 1), outcome.output
        assert SECRET not in outcome.output
        self.exit_code = outcome.exit_code
        self._findings: list[dict[str, Any]] = json.loads(outcome.stdout)["findings"]
        assert all(each["advice"] for each in self._findings if each["state"] in ("warning", "failed"))

    def one(self, area: str, name: str) -> dict[str, Any]:
        """The finding of that name; of several, the worst."""
        found = [each for each in self._findings if (each["area"], each["name"]) == (area, name)]
        assert found, f"no finding {area} {name} among {self._findings}"
        return min(found, key=lambda each: ("failed", "warning", "skipped", "ok").index(each["state"]))

    def state(self, area: str, name: str) -> str:
        """Its state."""
        return str(self.one(area, name)["state"])

    def failed(self) -> list[tuple[str, str]]:
        """What does not work."""
        return [(each["area"], each["name"]) for each in self._findings if each["state"] == "failed"]


@pytest.fixture
def free(tmp_path: Path) -> dict[str, str]:
    """Variables of an installation that is not there yet."""
    return {"CASARE_DATA_DIR": str(tmp_path / "data"), "CASARE_PORT": str(free_port())}


def test_where_nothing_runs_everything_is_ready_for_a_start(casare: Casare, free: dict[str, str]) -> None:
    report = Report(casare, **free)
    assert (report.exit_code, report.failed()) == (0, [])
    assert report.state("store", "reach") == "skipped"
    assert report.state("rabbitmq", "reach") == "skipped"
    assert "free for gateway" in report.one("network", f"port {free['CASARE_PORT']}")["detail"]
    assert not Path(free["CASARE_DATA_DIR"]).exists()


def test_a_running_installation_is_found_by_its_data_folder(casare: Casare, installation: Installation) -> None:
    before = _collections(installation)

    report = Report(casare, CASARE_DATA_DIR=installation.data)

    assert report.failed() == []
    for area, name in (("store", "reach"), ("store", "write"), ("store", "indexes"), ("store", "topology")):
        assert report.state(area, name) == "ok", report.one(area, name)
    assert report.state("clock", "store") == "ok"
    assert report.state("network", "gateway") == "ok"
    assert report.state("network", "dispatcher") == "ok"
    assert f"pid {installation.deployment.process.pid}" in report.one("configuration", "data folder")["detail"]
    assert _collections(installation) == before


def test_parked_events_are_a_warning(casare: Casare, installation: Installation) -> None:
    with mongo_client(installation.store_url) as client:
        documents = client["casare"]["parked_events"]
        documents.insert_one({"_id": "s:1", "subscription": "auth.audit", "parked_ms": 1})
        report = Report(casare, CASARE_DATA_DIR=installation.data)
        documents.delete_one({"_id": "s:1"})
    assert report.state("store", "parked events") == "warning"
    assert report.one("store", "parked events")["detail"] == "auth.audit: 1"


def test_a_table_says_what_to_do(casare: Casare, free: dict[str, str]) -> None:
    casare.env["CASARE_URL"] = None
    outcome = casare("doctor", **{**free, "CASARE_PROT": "1"})
    assert outcome.exit_code == 0
    assert "Is CASARE_PORT meant?" in outcome.stdout
    assert "1 warning" in outcome.stderr


def test_a_wrong_value_and_an_unknown_variable_are_named(casare: Casare, free: dict[str, str]) -> None:
    report = Report(casare, **{**free, "CASARE_MONGODB_POOL_SIZE": "many", "CASARE_RATE_LIMIT": "off"})
    assert report.exit_code == 1
    assert "CASARE_MONGODB_POOL_SIZE" in report.one("configuration", "settings")["detail"]
    assert "CASARE_RATE_LIMIT " in report.one("configuration", "variables")["detail"]
    assert "CASARE_RATE_LIMITS" in report.one("configuration", "variables")["advice"]


def test_what_production_refuses_is_a_failure(casare: Casare, free: dict[str, str]) -> None:
    report = Report(casare, **{**free, "CASARE_ENVIRONMENT": "production", "CASARE_INTERNAL_KEY": "short"})
    found = report.one("configuration", "secrets")
    assert found["state"] == "failed"
    assert "CASARE_INTERNAL_KEY" in found["detail"]


def test_secret_files_are_read_and_their_permissions_judged(
    casare: Casare, free: dict[str, str], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text(SECRET * 2)
    key.chmod(0o600)
    env = {**free, "CASARE_INTERNAL_KEY_FILE": str(key)}
    assert Report(casare, **env).state("configuration", "secret files") == "ok"
    key.chmod(0o644)
    assert Report(casare, **env).state("configuration", "secret files") == "warning"
    key.unlink()
    report = Report(casare, **env)
    assert report.state("configuration", "secret files") == "failed"
    assert report.state("configuration", "settings") == "failed"


def test_a_data_folder_that_cannot_be_written_is_a_failure(casare: Casare, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    report = Report(casare, CASARE_DATA_DIR=str(file / "data"), CASARE_PORT=str(free_port()))
    assert report.state("configuration", "data folder") == "failed"


def test_a_port_in_use_is_told_with_its_process(casare: Casare, free: dict[str, str]) -> None:
    with socket.create_server((LOOPBACK, int(free["CASARE_PORT"]))) as listener:
        listener.settimeout(0)
        report = Report(casare, **free)
    assert report.state("network", "gateway") == "failed"
    assert "does not answer" in report.one("network", "gateway")["detail"]


def test_a_store_that_is_not_there_is_a_failure_within_its_time(casare: Casare, free: dict[str, str]) -> None:
    report = Report(casare, **free, CASARE_MONGODB_URL=f"mongodb://user:{SECRET}@{LOOPBACK}:{free_port()}/")
    found = report.one("store", "reach")
    assert found["state"] == "failed"
    assert "Connect call failed" in found["detail"]
    assert report.state("clock", "store") == "skipped"


def test_what_is_no_address_is_a_failure_of_its_part_alone(casare: Casare, free: dict[str, str]) -> None:
    report = Report(casare, **free, CASARE_MONGODB_URL="nonsense", CASARE_AMQP_URL="x:y", CASARE_REDIS_URL="nonsense")
    for area in ("store", "rabbitmq", "redis"):
        assert report.state(area, "reach") == "failed"
    assert report.state("machine", "python") == "ok"


def test_a_refused_password_and_a_missing_vhost_are_told_apart(
    casare: Casare, free: dict[str, str], amqp_url: str
) -> None:
    place = amqp_url.rpartition("@")[2].partition("/")[0]
    report = Report(casare, **free, CASARE_AMQP_URL=f"amqp://guest:{SECRET}@{place}/")
    assert report.state("rabbitmq", "login") == "failed"
    report = Report(casare, **free, CASARE_AMQP_URL=f"amqp://guest:guest@{place}/no-such-vhost")
    assert report.state("rabbitmq", "vhost") == "failed"
    report = Report(casare, **free, CASARE_AMQP_URL=amqp_url, CASARE_AMQP_PREFIX="nobody-has-been-here")
    assert report.state("rabbitmq", "publish") == "ok"
    assert report.state("rabbitmq", "exchange") == "warning"
    assert report.exit_code == 0


def test_a_broker_with_an_alarm_and_one_that_is_gone(
    casare: Casare, free: dict[str, str], private_broker: PrivateBroker
) -> None:
    env = {**free, "CASARE_AMQP_URL": private_broker.url}
    private_broker.admin.run("set_vm_memory_high_watermark", "0.000001")
    report = Report(casare, **env)
    assert report.state("rabbitmq", "reach") == "ok"
    assert "alarm" in report.one("rabbitmq", "publish")["detail"]
    private_broker.stop()
    assert Report(casare, **env).state("rabbitmq", "reach") == "failed"


def test_a_broker_that_does_not_answer_in_time_is_said_so(casare: Casare, free: dict[str, str]) -> None:
    with socket.create_server((LOOPBACK, 0)) as mute:
        report = Report(casare, **free, CASARE_AMQP_URL=f"amqp://{LOOPBACK}:{mute.getsockname()[1]}")

    reach = report.one("rabbitmq", "reach")
    assert (reach["state"], reach["detail"]) == ("failed", "no answer within 2 s")
    assert "overloaded" in reach["advice"]


def test_a_redis_that_evicts_refuses_or_is_gone(
    casare: Casare, free: dict[str, str], private_redis: PrivateRedis
) -> None:
    from redis import Redis

    env = {**free, "CASARE_REDIS_URL": private_redis.url}
    report = Report(casare, **env)
    for name in ("reach", "script", "eviction"):
        assert report.state("redis", name) == "ok"
    assert report.state("clock", "redis") == "ok"
    with Redis.from_url(private_redis.url) as client:
        assert client.keys("*") == []
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert Report(casare, **env).state("redis", "eviction") == "warning"
        client.config_set("requirepass", SECRET)
    assert Report(casare, **env).state("redis", "login") == "failed"
    private_redis.stop()
    report = Report(casare, **env)
    assert report.state("redis", "reach") == "failed"
    assert report.state("clock", "redis") == "skipped"


def test_what_robots_are_told_to_use_must_be_there(casare: Casare, free: dict[str, str], tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing")
    report = Report(
        casare,
        **free,
        CASARE_ROBOT_CHROMIUM=missing,
        CASARE_ROBOT_FRAMEWORK_PYTHON=missing,
        CASARE_ROBOT_API_KEY="crpa_x_y",
    )
    assert report.state("machine", "browser") == "failed"
    assert report.state("machine", "robot framework") == "failed"


def _collections(installation: Installation) -> set[str]:
    with mongo_client(installation.store_url) as client:
        return set(client["casare"].list_collection_names())
