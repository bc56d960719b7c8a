"""Which machines a workflow may talk to: none inside the network, where the robot is told so.

Workflows come from people who may not reach what the robot's machine can: its own services, the neighbours' and the
cloud's metadata service, which hands out credentials to whoever asks from that machine.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Beyond what `ipaddress` knows not to be global; the last is Azure's metadata and DNS service, on a public address.
_MORE_INTERNAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(each)
    for each in ("100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "fec0::/10", "168.63.129.16/32")
)
_NAT64: tuple[Network, ...] = tuple(ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48"))


class InternalAddress(Exception):
    """An address inside the network that the robot's configuration does not allow."""


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Whether internal addresses are refused, and which are allowed all the same."""

    block_internal: bool = False
    hosts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, *, block_internal: bool, allow: Iterable[str]) -> "AddressRules":
        """Returns the rules of a configuration; what is no address and no network in `allow` is a host pattern."""
        hosts: list[str] = []
        networks: list[Network] = []
        for entry in allow:
            network = _network(entry)
            if network is None:
                hosts.append(entry.lower())
            else:
                networks.append(network)
        return cls(block_internal, tuple(hosts), tuple(networks))

    def trusts(self, host: str, port: int | None) -> bool:
        """Returns whether the host may be called wherever its name leads."""
        if not self.block_internal:
            return True
        host = host.lower().rstrip(".")
        names = (host, f"{host}:{port}")
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.hosts)

    def check(self, address: str) -> None:
        """Raises InternalAddress for an address inside the network, unless a network of the list holds it."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        if self.block_internal and is_internal(parsed) and not any(parsed in each for each in self.networks):
            raise InternalAddress


def is_internal(address: Address) -> bool:
    """Returns whether the address is not one of the public internet's, also behind an IPv6 form that embeds it."""
    embedded = _embedded(address)
    if embedded is not None:
        return is_internal(embedded)
    return not address.is_global or address.is_multicast or any(address in network for network in _MORE_INTERNAL)


def _embedded(address: Address) -> Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None
