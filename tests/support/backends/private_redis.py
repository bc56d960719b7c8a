"""A Redis of the tests' own."""

import shutil

from tests.support.backends.ladder import NotHere
from tests.support.backends.private_server import PrivateServer
from tests.support.backends.probes import check_redis
from tests.support.ports import LOOPBACK


def installed_redis() -> str:
    """The path of `redis-server`. Raises NotHere."""
    path = shutil.which("redis-server")
    if path is None:
        raise NotHere("redis-server is not installed")
    return path


class PrivateRedis(PrivateServer):
    """Keeps what it acknowledged, also when it is killed. Raises NotHere where Redis is not installed."""

    name = "redis-server"

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}"

    def command(self) -> list[str]:
        address = ["--bind", LOOPBACK, "--port", str(self.port)]
        return [installed_redis(), *address, "--dir", str(self.home), "--save", "", "--appendonly", "yes"]

    def check(self) -> None:
        check_redis(self.url)
