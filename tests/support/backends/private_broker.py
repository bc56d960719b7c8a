"""A RabbitMQ of the tests' own: its own node, port mapper, cookie, data and logs."""

import os
import secrets
import shutil
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, Self

from tests.support.backends.ladder import NotHere
from tests.support.backends.private_server import PrivateServer
from tests.support.backends.probes import check_amqp
from tests.support.backends.rabbitmq_admin import RabbitCtl
from tests.support.ports import LOOPBACK, free_port, is_listening
from tests.support.processes import ChildProcess

# Debian's /usr/sbin/rabbitmq-server changes to the user `rabbitmq` and his home; the script behind it does not.
_DEBIAN: Final = Path("/usr/lib/rabbitmq/bin")
_OTHERS_SETTINGS: Final = ("RABBITMQ_", "ERL_")


class Binaries(NamedTuple):
    """What a private RabbitMQ is run with."""

    server: str
    ctl: str
    epmd: str


def installed_rabbitmq() -> Binaries:
    """Raises NotHere, naming what is missing."""
    search = os.pathsep.join([str(_DEBIAN), os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    paths = {name: shutil.which(name, path=search) for name in ("rabbitmq-server", "rabbitmqctl", "epmd")}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        raise NotHere(f"{', '.join(missing)} not installed")
    return Binaries(*(str(path) for path in paths.values()))


class PrivateBroker(PrivateServer):
    """User `guest`, password `guest`, vhost `/`. Raises NotHere where RabbitMQ is not installed."""

    name = "rabbitmq-server"
    start_seconds = 90

    def __init__(self, home: Path) -> None:
        self._binaries = installed_rabbitmq()
        self._epmd_port = free_port()
        self._distribution_port = free_port()
        _write_settings(home)
        super().__init__(home)
        # Erlang's port mapper would be started by the node as a daemon that outlives it; this one is ours to end.
        self._epmd = ChildProcess(
            [self._binaries.epmd, "-port", str(self._epmd_port), "-address", LOOPBACK],
            name="epmd",
            log=home / "epmd.log",
        )

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}/"

    @cached_property
    def admin(self) -> RabbitCtl:
        """Its `rabbitmqctl`."""
        return RabbitCtl(self._binaries.ctl, self._settings())

    def command(self) -> list[str]:
        return [self._binaries.server]

    def check(self) -> None:
        check_amqp(self.url)

    def start(self) -> Self:
        if not self._epmd.is_running:
            self._epmd.start().wait_until_ready(lambda: is_listening(self._epmd_port))
        return super().start()

    def stop(self) -> None:
        super().stop()
        self._epmd.terminate()

    def kill(self) -> None:
        super().kill()
        self._epmd.terminate()

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS_SETTINGS)}
        return inherited | self._settings()

    def _settings(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),  # of the cookie
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_NODENAME": f"casare-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            **{name: str(self.home / file) for name, file in _FILES.items()},
        }


_FILES: Final = {
    "RABBITMQ_CONF_ENV_FILE": "rabbitmq-env.conf",
    "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
    "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
    "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
    "RABBITMQ_LOG_BASE": "log",
    "RABBITMQ_MNESIA_BASE": "data",
    "RABBITMQ_PID_FILE": "pid",
}


def _write_settings(home: Path) -> None:
    (home / "rabbitmq-env.conf").touch()
    (home / "rabbitmq.conf").touch()
    (home / "enabled_plugins").write_text("[].\n")
    cookie = home / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(16))
    cookie.chmod(0o400)
