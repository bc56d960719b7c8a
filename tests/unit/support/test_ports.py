import socket
from pathlib import Path

import pytest

from tests.support.ports import HIGHEST, LOOPBACK, LOWEST, free_port, is_listening


def test_a_port_is_never_given_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert all(LOWEST <= port < HIGHEST for port in ports)


def test_a_port_given_can_be_listened_on() -> None:
    port = free_port()
    assert not is_listening(port)
    with socket.create_server((LOOPBACK, port)):
        assert is_listening(port)


@pytest.mark.skipif(not Path("/proc/sys/net/ipv4/ip_local_port_range").exists(), reason="Linux states its range here")
def test_ports_lie_below_those_of_outgoing_connections() -> None:
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert first >= HIGHEST
