"""Each service in processes of its own, as `docker-compose.yml` has them: `casare serve`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self, TypeVar

import psutil

from tests.support.backends.private_broker import PrivateBroker
from tests.support.backends.stores import NxStore
from tests.support.deployment import Deployment, casare
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import ChildProcess

_T = TypeVar("_T")

_REPLICAS: Final = {"auth": 1, "workflows": 1, "dispatcher": 2, "scheduler": 2, "metrics": 1}
_INTERNAL_KEY: Final = "the end-to-end tests' own internal key"
_STOP_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Backends:
    """What the processes share. The broker can be stopped where it is the deployment's own."""

    amqp_url: str
    amqp_prefix: str
    redis_url: str
    redis_prefix: str
    broker: PrivateBroker | None = None


class DistributedDeployment(Deployment):
    """Five services, dispatcher and scheduler twice, and the gateway; one document store for all."""

    shape: ClassVar[str] = "distributed"

    def __init__(self, home: Path, backends: Backends) -> None:
        super().__init__(home)
        self._backends = backends
        store_home = home / "store"
        store_home.mkdir()
        self._store = NxStore(store_home)
        self._ports = {name: [free_port() for _ in range(number)] for name, number in _REPLICAS.items()}
        self._services = {name: self._replicas(name, ports) for name, ports in self._ports.items()}
        self._services["gateway"] = self._replicas("gateway", [self.port])

    @property
    def store_url(self) -> str:
        return self._store.url

    def start(self) -> Self:
        if not self._store.process.is_running:
            self._store.start()
        self.start_broker()
        self._start(self._ports)
        self._start({"gateway": [self.port]})
        return self

    def stop(self) -> dict[str, int]:
        exit_codes = dict(_all_at_once(_ended, self._started_here()))
        self._store.stop()
        return {name: code for name, code in exit_codes.items() if code is not None}

    def kill_everything(self) -> None:
        _all_at_once(ChildProcess.kill_hard, self._started_here())
        self._store.kill()

    def kill(self, service: str) -> None:
        _all_at_once(ChildProcess.kill_hard, self._services[service])

    def processes(self) -> list[psutil.Process]:
        running = [each for each in (*self._started_here(), self._store.process) if each.is_running]
        found = []
        for each in running:
            with suppress(psutil.NoSuchProcess):
                found += [psutil.Process(each.pid), *each.descendants()]
        return found

    def stop_broker(self) -> None:
        assert self._backends.broker is not None, "this deployment's broker is not its own to stop"
        self._backends.broker.stop()

    def start_broker(self) -> None:
        broker = self._backends.broker
        if broker is not None and not broker.process.is_running:
            broker.start()

    def _start(self, ports_by_name: Mapping[str, Sequence[int]]) -> None:
        ports = {
            each: port
            for name, of_it in ports_by_name.items()
            for each, port in zip(self._services[name], of_it, strict=True)
        }
        for process in ports:
            if not process.is_running:
                process.start()
        for process, port in ports.items():
            process.wait_for_http(f"http://{LOOPBACK}:{port}/health/ready")

    def _started_here(self) -> list[ChildProcess]:
        return [process for replicas in self._services.values() for process in replicas]

    def _replicas(self, name: str, ports: list[int]) -> list[ChildProcess]:
        return [self._process(name, number, port) for number, port in enumerate(ports, 1)]

    def _process(self, name: str, number: int, port: int) -> ChildProcess:
        label = name if name == "gateway" or len(self._ports[name]) == 1 else f"{name}-{number}"
        settings = {**self._shared_settings(), "CASARE_PORT": str(port)}
        if name == "workflows":
            # Its client has no turns to take: in compose, the address of a service leads to any of its replicas.
            settings["CASARE_SCHEDULER_URL"] = settings["CASARE_SCHEDULER_URL"].partition(",")[0]
        return casare("serve", name, name=label, log=self.home / f"{label}.log", settings=settings)

    def _shared_settings(self) -> dict[str, str]:
        addresses = {
            f"CASARE_{name.upper()}_URL": ",".join(f"http://{LOOPBACK}:{port}" for port in ports)
            for name, ports in self._ports.items()
        }
        return {
            **addresses,
            "CASARE_INTERNAL_KEY": _INTERNAL_KEY,
            "CASARE_MONGODB_URL": f"{self._store.url}/?directConnection=true",
            "CASARE_AMQP_URL": self._backends.amqp_url,
            "CASARE_AMQP_PREFIX": self._backends.amqp_prefix,
            "CASARE_REDIS_URL": self._backends.redis_url,
            "CASARE_REDIS_PREFIX": self._backends.redis_prefix,
        }


def _ended(process: ChildProcess) -> tuple[str, int | None]:
    return process.name, process.terminate(_STOP_SECONDS)


def _all_at_once(do: Callable[[ChildProcess], _T], processes: Iterable[ChildProcess]) -> list[_T]:
    """What `do` returns for each; waiting for one takes as long as waiting for all."""
    processes = list(processes)
    with ThreadPoolExecutor(len(processes)) as pool:
        return list(pool.map(do, processes))
