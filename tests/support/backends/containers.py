"""Servers in containers, where a Docker engine answers."""

from typing import Final

import docker  # type: ignore[import-untyped]  # has no types
import docker.errors  # type: ignore[import-untyped]  # has no types
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from tests.support.backends.ladder import Check, NoAnswer, NotHere, Place, Rung
from tests.support.eventually import wait_until
from tests.support.leftovers import Leftover, register

_START_SECONDS: Final = 90


class Container(Leftover, frozen=True, tag=True):
    """A container started for the run."""

    id: str

    @property
    def label(self) -> str:
        return f"container {self.id[:12]}"

    def remove(self) -> None:
        client = docker.from_env()
        try:
            client.containers.get(self.id).remove(force=True, v=True)
        except docker.errors.NotFound:
            return
        finally:
            client.close()


def in_container(image: str, port: int, url: str, check: Check) -> Rung:
    """A server in a container of its own; `url` has `{address}` where its host and port belong."""

    def find() -> Place:
        try:
            place = Place(url.format(address=_start(image, port)))
            wait_until(lambda: _answers(check, place.where), timeout_seconds=_START_SECONDS)
        except (docker.errors.DockerException, AssertionError) as error:
            raise NotHere(f"{type(error).__name__}: {error}") from error
        return place

    return Rung(f"Docker ({image})", find)


def _start(image: str, port: int) -> str:
    # Testcontainers' own reaper follows the process that started it, which here ends long before the tests do.
    testcontainers_config.ryuk_disabled = True
    container = DockerContainer(image).with_exposed_ports(port)
    container.start()
    register(Container(container.get_container_id()))
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"


def _answers(check: Check, url: str) -> bool:
    try:
        check(url)
    except NoAnswer:
        return False
    return True
