"""Loopback ports for servers that tests start."""

import random
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"
# Below the range from which kernels number outgoing connections (Linux: 32768 on, others: 49152 on), so that no
# connection of another test takes the port between its choice here and the server's bind.
LOWEST: Final = 15_000
HIGHEST: Final = 32_000
_ATTEMPTS: Final = 1_000

_chosen: set[int] = set()


def free_port() -> int:
    """A TCP port on which nothing listens, never twice to the same process.

    Raises RuntimeError when there seems to be none left.
    """
    for _ in range(_ATTEMPTS):
        port = random.randrange(LOWEST, HIGHEST)  # so that workers of one run hardly ever choose the same
        if port not in _chosen and _can_be_bound(port):
            _chosen.add(port)
            return port
    raise RuntimeError(f"no free port between {LOWEST} and {HIGHEST}")


def is_listening(port: int, host: str = LOOPBACK) -> bool:
    """Whether something accepts connections there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _can_be_bound(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
