"""Checks of ports, and of the gateway and the services behind it."""

import errno
import socket
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from cli.doctor.findings import Check, Finding, State, without_credentials
from cli.doctor.listeners import listener_of
from cli.doctor.opening import opened_store
from cli.doctor.surroundings import Surroundings
from cli.targets import SERVICES
from shared.kernel.errors import Unavailable
from shared.messaging.parking import ParkingLot

AREA: Final = "network"
ANSWER_SECONDS: Final = 4.0
_SYSTEM_PORTS: Final = 1024


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def gateway() -> Sequence[Finding]:
        return await _gateway(around)

    async def services() -> Sequence[Finding]:
        return [_port(name, "127.0.0.1", target.port) for name, target in SERVICES.items()]

    async def parked() -> Sequence[Finding]:
        return [await _parked_in_store(around)]

    is_distributed = bool(around.environ.get("CASARE_AMQP_URL")) and around.running is None
    return [
        Check(AREA, "gateway", gateway),
        *([Check(AREA, "ports", services)] if is_distributed else ()),
        *([Check("store", "parked events", parked)] if around.mongodb_url and not around.amqp_url else ()),
    ]


async def _gateway(around: Surroundings) -> Sequence[Finding]:
    url = around.gateway_url
    async with httpx.AsyncClient(base_url=url, timeout=ANSWER_SECONDS, trust_env=False) as client:
        try:
            answer = await client.get("/health/ready")
        except httpx.TimeoutException:
            detail = f"{url} takes the connection and does not answer"
            return [Finding(AREA, "gateway", State.FAILED, detail, "Look at its log; restart it if that says nothing.")]
        except (httpx.HTTPError, httpx.InvalidURL):
            return [_silent(around)]
    return _health(url, answer)


def _silent(around: Surroundings) -> Finding:
    """Nobody answers: it may be free for a start, or something else may be there."""
    address = urlsplit(around.gateway_url)
    if around.running is not None or around.environ.get("CASARE_URL"):
        where = f" (pid {around.running.pid})" if around.running else ""
        detail = f"{around.gateway_url} does not answer{where}"
        return Finding(AREA, "gateway", State.FAILED, without_credentials(detail), "Start it, or correct CASARE_URL.")
    return _port("gateway", address.hostname or "127.0.0.1", address.port or around.settings.port)


def _health(url: str, answer: httpx.Response) -> list[Finding]:
    try:
        body: Any = answer.json()
    except ValueError:
        body = None
    outcomes = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(outcomes, dict):
        detail = f"something at {url} answers {answer.status_code}, and it is no Casare"
        return [Finding(AREA, "gateway", State.FAILED, detail, "Stop it, or set CASARE_PORT to another port.")]
    found = [Finding(AREA, "gateway", State.OK, f"{url} answers")]
    for name, outcome in outcomes.items():
        is_ok = outcome == "ok"
        advice = "" if is_ok else f"See its log, and the other findings here: what does {name} depend on?"
        found.append(Finding(AREA, str(name), State.OK if is_ok else State.FAILED, str(outcome)[:200], advice))
    return found


def _port(name: str, host: str, port: int) -> Finding:
    """Whether a start could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return _taken(name, host, port, error)
    return Finding(AREA, f"port {port}", State.OK, f"free for {name}")


def _taken(name: str, host: str, port: int, error: OSError) -> Finding:
    variable = "CASARE_PORT"
    if error.errno == errno.EADDRINUSE:
        advice = f"If it is not Casare's {name}, stop it, or set {variable} to another port."
        return Finding(AREA, f"port {port}", State.WARNING, f"used by {listener_of(port)}", advice)
    if error.errno == errno.EACCES and port < _SYSTEM_PORTS:
        return Finding(AREA, f"port {port}", State.FAILED, "only root may listen there", f"Set {variable} above 1023.")
    detail = f"cannot listen on {host}: {error.strerror}"
    return Finding(AREA, f"port {port}", State.FAILED, detail, "Correct CASARE_HOST.")


async def _parked_in_store(around: Surroundings) -> Finding:
    from cli.doctor.rabbitmq import parked_finding
    from shared.kernel.clock import SystemClock

    async with opened_store(around) as store:
        try:
            queues = await ParkingLot(store, SystemClock()).queues()
        except Unavailable:
            return Finding("store", "parked events", State.SKIPPED, "the store does not answer")
    return parked_finding("store", [(each.subscription, each.count) for each in queues])
