"""Who can make and delete vhosts on a RabbitMQ."""

import os
import subprocess
from typing import Final

import httpx
import msgspec

_CTL_SECONDS: Final = 30
_API_SECONDS: Final = 3.0


class AdminFailed(Exception):
    """The vhost was neither made nor deleted; the message says why."""


class RabbitCtl(msgspec.Struct, frozen=True, tag="rabbitmqctl"):
    """RabbitMQ's own command, for a node of this machine."""

    command: str
    settings: dict[str, str]  # environment variables that name the node, beside those of the caller

    def add_vhost(self, name: str, user: str) -> None:
        """Makes it, with all rights for `user`. Raises AdminFailed."""
        self.run("add_vhost", name)
        self.run("set_permissions", "-p", name, user, ".*", ".*", ".*")

    def delete_vhost(self, name: str) -> None:
        """Deletes it with all that is in it, if it is there. Raises AdminFailed."""
        if name in self.run("list_vhosts").splitlines():
            self.run("delete_vhost", name)

    def run(self, *arguments: str) -> str:
        """Its output. Raises AdminFailed."""
        try:
            done = subprocess.run(
                [self.command, "--quiet", *arguments],
                env=os.environ | self.settings,
                capture_output=True,
                text=True,
                timeout=_CTL_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AdminFailed(f"rabbitmqctl {arguments[0]}: {error}") from error
        if done.returncode != 0:
            raise AdminFailed(f"rabbitmqctl {arguments[0]}: {done.stderr.strip()}")
        return done.stdout


class ManagementApi(msgspec.Struct, frozen=True, tag="management-api"):
    """The HTTP API of RabbitMQ's management plugin."""

    url: str
    user: str
    password: str

    def add_vhost(self, name: str, user: str) -> None:
        """Makes it, with all rights for `user`. Raises AdminFailed."""
        self._ask("PUT", f"/api/vhosts/{name}", {})
        self._ask("PUT", f"/api/permissions/{name}/{user}", {"configure": ".*", "write": ".*", "read": ".*"})

    def delete_vhost(self, name: str) -> None:
        """Deletes it with all that is in it, if it is there. Raises AdminFailed."""
        self._ask("DELETE", f"/api/vhosts/{name}", accept=httpx.codes.NOT_FOUND)

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None, accept: int | None = None) -> None:
        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                json=body,
                auth=(self.user, self.password),
                timeout=_API_SECONDS,
                trust_env=False,
            )
            if answer.status_code != accept:
                answer.raise_for_status()
        except httpx.HTTPError as error:
            raise AdminFailed(f"management API: {error}") from error


Admin = RabbitCtl | ManagementApi
