"""A RabbitMQ and a Redis of this installation's own, from installed programs: for `make up-local` without either."""

import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.data_folder import DataFolder
from cli.processes import ChildSpec

HOST: Final = "127.0.0.1"
_SEARCH: Final = os.pathsep.join(
    ["/usr/lib/rabbitmq/bin", os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]
)
"""Debian's /usr/sbin/rabbitmq-server changes to a user of its own; the script behind it does not."""
_FILES: Final = {
    "RABBITMQ_CONF_ENV_FILE": "rabbitmq-env.conf",
    "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
    "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
    "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
    "RABBITMQ_LOG_BASE": "log",
    "RABBITMQ_MNESIA_BASE": "data",
    "RABBITMQ_PID_FILE": "pid",
}


def private_redis(folder: DataFolder) -> tuple[str, list[ChildSpec]] | None:
    """The URL of a private Redis and what to run for it; None when it is not installed."""
    program = shutil.which("redis-server", path=_SEARCH)
    if program is None:
        return None
    home, port = _home(folder, "redis"), free_port()
    arguments = (program, "--bind", HOST, "--port", str(port), "--dir", str(home), "--appendonly", "yes")
    return f"redis://{HOST}:{port}/0", [ChildSpec("redis", "cli.program", folder.logs / "redis.log", arguments)]


def private_rabbitmq(folder: DataFolder) -> tuple[str, list[ChildSpec]] | None:
    """The URL of a private RabbitMQ and what to run for it; None when it is not installed.

    Erlang's port mapper runs as a child of its own: the one a node starts by itself would outlive it.
    """
    server, mapper = (shutil.which(name, path=_SEARCH) for name in ("rabbitmq-server", "epmd"))
    if server is None or mapper is None:
        return None
    home, port, mapper_port = _home(folder, "rabbitmq"), free_port(), free_port()
    _write_settings(home)
    environment = _environment(home, port, mapper_port)
    mapper_arguments = (mapper, "-port", str(mapper_port), "-address", HOST)
    return f"amqp://guest:guest@{HOST}:{port}/", [
        ChildSpec("epmd", "cli.program", folder.logs / "epmd.log", mapper_arguments, environment),
        ChildSpec("rabbitmq", "cli.program", folder.logs / "rabbitmq.log", (server,), environment),
    ]


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _home(folder: DataFolder, name: str) -> Path:
    home = folder.path / name
    home.mkdir(exist_ok=True)
    return home


def _environment(home: Path, port: int, mapper_port: int) -> Mapping[str, str]:
    return {
        "HOME": str(home),
        "ERL_EPMD_PORT": str(mapper_port),
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_FLAGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_NODENAME": "casare@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": HOST,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        **{name: str(home / file) for name, file in _FILES.items()},
    }


def _write_settings(home: Path) -> None:
    (home / "rabbitmq-env.conf").touch()
    (home / "rabbitmq.conf").touch()
    (home / "enabled_plugins").write_text("[].\n")
    cookie = home / ".erlang.cookie"
    if not cookie.exists():
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
