"""The Docker rung against an engine that only keeps a list of what it was asked for."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config

from tests.support.backends.containers import Container, in_container
from tests.support.backends.ladder import Place, climb
from tests.support.backends.probes import check_redis
from tests.support.clearing import registered
from tests.support.leftovers import RUN_DIRECTORY
from tests.support.ports import LOOPBACK, free_port

CONTAINER_ID: Final = "c0ffee" + "0" * 58
RUNNING: Final = {
    "Id": CONTAINER_ID,
    "Name": "/redis",
    "Config": {"Image": "redis:8"},
    "State": {"Status": "running", "Running": True},
    "NetworkSettings": {"Ports": {"6379/tcp": [{"HostIp": "0.0.0.0", "HostPort": "50123"}]}, "Networks": {}},
}
ANSWERS: Final = {
    "GET /version": {"ApiVersion": "1.47"},
    "POST /images/create": {},
    "GET /images/redis:8/json": {"Id": "sha256:1"},
    "POST /containers/create": {"Id": CONTAINER_ID, "Warnings": []},
    f"POST /containers/{CONTAINER_ID}/start": {},
    f"GET /containers/{CONTAINER_ID}/json": RUNNING,
    "GET /containers/json": [RUNNING],
    f"DELETE /containers/{CONTAINER_ID}": {},
}


class Engine(ThreadingHTTPServer):
    """Answers as the Docker API does for one container."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, free_port()), EngineCall)
        self.asked: list[str] = []


class EngineCall(BaseHTTPRequestHandler):
    server: Engine

    def do_GET(self) -> None:
        path = re.sub(r"^/v[\d.]+|\?.*", "", self.path)
        call = f"{self.command} {path}"
        self.server.asked.append(call)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(ANSWERS.get(call, {"message": "not found"})).encode()
        self.send_response(200 if call in ANSWERS else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815 - named by http.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parameter's name in http.server
        """Nothing on stderr."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with Engine() as engine:
        thread = threading.Thread(target=engine.serve_forever)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{LOOPBACK}:{engine.server_port}")
        yield engine
        engine.shutdown()
        thread.join()


def test_a_container_is_started_noted_and_removed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RUN_DIRECTORY, str(tmp_path))
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
    checked: list[str] = []
    decision = climb([in_container("redis:8", 6379, "redis://{address}", checked.append)])
    assert decision.place == Place(f"redis://{LOOPBACK}:50123"), decision.story
    assert checked == [f"redis://{LOOPBACK}:50123"]
    assert f"POST /containers/{CONTAINER_ID}/start" in engine.asked
    (container,) = [each for each in registered(tmp_path) if isinstance(each, Container)]
    assert container.id == CONTAINER_ID
    container.remove()
    assert engine.asked[-1] == f"DELETE /containers/{CONTAINER_ID}"


def test_without_a_docker_engine_there_are_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://{LOOPBACK}:{free_port()}")
    decision = climb([in_container("redis:8", 6379, "redis://{address}", check_redis)])
    assert decision.place is None
    assert decision.story.startswith("Docker (redis:8): DockerException")
