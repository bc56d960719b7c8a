"""A RabbitMQ's room for one worker: a vhost where one can be made, names with a prefix of its own everywhere."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tests.support.backends.ladder import NoAnswer, Place
from tests.support.backends.probes import check_amqp
from tests.support.backends.rabbitmq_admin import Admin, AdminFailed, ManagementApi, RabbitCtl
from tests.support.leftovers import Leftover, register
from tests.support.ports import is_listening

_MANAGEMENT_PORT: Final = 15_672
_EPMD_PORT: Final = 4_369


@dataclass(frozen=True, slots=True)
class AmqpSpace:
    """Where one worker works. Without a vhost of its own (`own_vhost`) only the prefix keeps workers apart."""

    url: str
    prefix: str
    own_vhost: bool


class Vhost(Leftover, frozen=True, tag=True):
    """A vhost made for a worker."""

    admin: Admin
    name: str

    @property
    def label(self) -> str:
        return f"RabbitMQ vhost {self.name}"

    def remove(self) -> None:
        self.admin.delete_vhost(self.name)


def make_amqp_space(place: Place, name: str) -> AmqpSpace:
    """The space called `name`; its vhost is deleted when the run ends.

    A URL that names a vhost is taken at its word: none is made. Where none can be made, durable queues stay behind.
    """
    if vhost_of(place.where) == "/":
        for admin in _admins(place):
            try:
                return AmqpSpace(_make_vhost(admin, place.where, name), name, own_vhost=True)
            except (AdminFailed, NoAnswer):
                continue  # not in charge of this broker; the next one may be
    return AmqpSpace(place.where, name, own_vhost=False)


def _make_vhost(admin: Admin, url: str, name: str) -> str:
    """The URL of the new vhost, tried out: `rabbitmqctl` may have spoken to another broker than the URL does."""
    admin.add_vhost(name, _credentials(url)[0])
    note = register(Vhost(admin, name))
    try:
        check_amqp(with_vhost(url, name))
    except NoAnswer:
        admin.delete_vhost(name)
        note.forget()
        raise
    return with_vhost(url, name)


def _admins(place: Place) -> Iterator[Admin]:
    if place.admin is not None:
        yield place.admin
    host = urlsplit(place.where).hostname or ""
    command = shutil.which("rabbitmqctl")
    if command is not None and _is_this_machine(host) and _has_erlang_nodes():
        yield RabbitCtl(command, {})
    yield ManagementApi(f"http://{host}:{_MANAGEMENT_PORT}", *_credentials(place.where))


def vhost_of(url: str) -> str:
    """The vhost an AMQP URL names; `/` when it names none."""
    return unquote(urlsplit(url).path.removeprefix("/")) or "/"


def with_vhost(url: str, name: str) -> str:
    """The same URL for another vhost."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(name, safe="")))


def _credentials(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return unquote(parts.username or "guest"), unquote(parts.password or "guest")


def _has_erlang_nodes() -> bool:
    """Whether Erlang's port mapper runs here; if not, `rabbitmqctl` finds no node but leaves a port mapper running."""
    return is_listening(int(os.environ.get("ERL_EPMD_PORT", _EPMD_PORT)))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
