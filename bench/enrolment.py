"""Gives every worker its connection, its user's token, and a robot of its own with its own key."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec import Raw, Struct
from msgspec.json import Decoder

from bench.generator import Connection, Ledger, RunError, Worker

ENROL_SECONDS = 120


@dataclass(frozen=True)
class Credentials:
    """Header lines: the user's, and each robot's. Bare is sent the same bytes and ignores them."""

    user: str
    robots: list[str]


class _Tokens(Struct):
    access_token: str


class _CreatedKey(Struct):
    api_key: str


def placeholders(robots: int) -> Credentials:
    """Return credentials of a usual length that open nothing."""
    return Credentials(f"authorization: Bearer {'t' * 500}\r\n", [f"x-api-key: crpa_{'k' * 60}\r\n"] * robots)


async def enrol(port: int, password: str, robots: int) -> Credentials:
    """Log in as admin and register robots, each with a bound key; raises RunError when refused."""
    connection = await Connection(port).open()
    login = json.dumps({"username": "admin", "password": password}).encode()
    try:
        async with asyncio.timeout(ENROL_SECONDS):
            tokens = await connection.call("POST", "/api/v1/auth/login", Decoder(_Tokens), login)
            user = f"authorization: Bearer {tokens.access_token}\r\n"
            return Credentials(user, [await _robot(connection, user, f"bench-{i:02}") for i in range(robots)])
    except TimeoutError as error:
        raise RunError(f"{robots} robots were not enrolled within {ENROL_SECONDS} s") from error
    finally:
        connection.close()


async def _robot(connection: Connection, user: str, robot_id: str) -> str:
    wanted = json.dumps({"robot_id": robot_id, "name": f"key of {robot_id}"}).encode()
    created = await connection.call("POST", "/api/v1/robot-api-keys", Decoder(_CreatedKey), wanted, user)
    headers = f"x-api-key: {created.api_key}\r\n"
    robot = {"robot_id": robot_id, "name": robot_id, "hostname": "127.0.0.1", "max_concurrent_jobs": 4}
    body = json.dumps(robot).encode()
    await connection.call("POST", "/api/v1/robots/register", Decoder(Raw), body, headers)
    return headers


@asynccontextmanager
async def workers_on(port: int, credentials: Credentials, ledger: Ledger) -> AsyncIterator[list[Worker]]:
    """Open one connection for each robot while the context is open."""
    connections = [await Connection(port).open() for _ in credentials.robots]
    robots = zip(connections, credentials.robots, strict=True)
    try:
        yield [Worker(connection, credentials.user, robot, ledger) for connection, robot in robots]
    finally:
        for connection in connections:
            connection.close()
