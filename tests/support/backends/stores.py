"""MongoDB-wire servers: the embedded store, a second engine that follows mongod closely, and a real one where given."""

import sysconfig
from pathlib import Path

from tests.support.backends.private_server import PrivateServer
from tests.support.backends.probes import check_mongodb, mongo_client
from tests.support.leftovers import Leftover, register
from tests.support.ports import LOOPBACK


class PrivateStore(PrivateServer):
    """Keeps what it acknowledged, also when it is killed."""

    @property
    def url(self) -> str:
        return f"mongodb://{LOOPBACK}:{self.port}"

    def check(self) -> None:
        check_mongodb(self.url)


class NxStore(PrivateStore):
    """`nx-27017`, the store of the embedded shape."""

    name = "nx-27017"

    def command(self) -> list[str]:
        files = {"--data-dir": "data", "--log-file": "nx.log", "--pid-file": "nx.pid"}
        options = [word for option, file in files.items() for word in (option, str(self.home / file))]
        return [_script("nx-27017"), "--host", LOOPBACK, "-p", str(self.port), *options]


class SecantusStore(PrivateStore):
    """SecantusDB. Without `--sync-on-commit` it forgets acknowledged writes when it is killed."""

    name = "secantusd"

    def command(self) -> list[str]:
        address = ["--host", LOOPBACK, "--port", str(self.port)]
        data = ["--storage-path", str(self.home / "data"), "--sync-on-commit"]
        return [_script("secantusd-py"), *address, *data, "--standalone"]


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


class Databases(Leftover, frozen=True, tag=True):
    """All databases of one worker in a server that is not the run's own."""

    url: str
    prefix: str

    @property
    def label(self) -> str:
        return f"databases {self.prefix}*"

    def remove(self) -> None:
        with mongo_client(self.url) as client:
            for name in client.list_database_names():
                if name.startswith(self.prefix):
                    client.drop_database(name)


def keep_databases_until_the_end(url: str, prefix: str) -> None:
    """Databases of that prefix are dropped when the run ends, if their tests did not."""
    register(Databases(url, prefix))


def drop_database(url: str, name: str) -> None:
    """Success when there is none."""
    with mongo_client(url) as client:
        client.drop_database(name)
