"""A Redis' room for one worker: a key prefix."""

from typing import Final

import redis

from tests.support.backends.probes import PATIENCE_SECONDS
from tests.support.leftovers import Leftover, register

_BATCH: Final = 1000


class RedisKeys(Leftover, frozen=True, tag=True):
    """All keys of one worker."""

    url: str
    prefix: str

    @property
    def label(self) -> str:
        return f"Redis keys {self.prefix}*"

    def remove(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=PATIENCE_SECONDS) as client:
            for key in client.scan_iter(match=f"{self.prefix}*", count=_BATCH):
                client.unlink(key)


def make_key_prefix(url: str, name: str) -> str:
    """The prefix of every key the worker writes; they are removed when the run ends."""
    prefix = f"{name}:"
    register(RedisKeys(url, prefix))
    return prefix
