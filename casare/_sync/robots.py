# Made from `casare/_async/robots.py` by `docs/generate_sync_client.py`. Do not edit.
"""Robots and their keys: `client.robots`, `client.keys`."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from casare._address import segment
from casare._calls import act, create, delete, fields, get, put
from casare._sync.pages import each_by_number
from casare._sync.session import Session
from casare.models import ApiKey, Commanded, Model, NewApiKey, Robot
from casare.models.access import KeyPage, RevokedKey
from casare.models.robots import RobotPage


class Robots:
    """The fleet."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, robot_id: str) -> Robot:
        """The robot. Raises NotFound."""
        return self._session.call(get(f"/robots/{segment(robot_id)}", Robot))

    def list(
        self,
        *,
        status: str | None = None,
        environment: str | None = None,
        tag: str | None = None,
        capability: str | None = None,
        page_size: int = 100,
    ) -> Iterator[Robot]:
        """Robots that match, by id."""
        params = {
            "status": status,
            "environment": environment,
            "tag": tag,
            "capability": capability,
            "limit": page_size,
        }
        return each_by_number(self._session, "/robots", RobotPage, params)

    def update(
        self,
        robot_id: str,
        *,
        name: str | None = None,
        hostname: str | None = None,
        environment: str | None = None,
        capabilities: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        max_concurrent_jobs: int | None = None,
    ) -> Robot:
        """The robot with what is given changed. Raises NotFound, InvalidInput."""
        body = fields(
            name=name,
            hostname=hostname,
            environment=environment,
            capabilities=capabilities,
            tags=tags,
            max_concurrent_jobs=max_concurrent_jobs,
        )
        return self._session.call(put(f"/robots/{segment(robot_id)}", Robot, body))

    def set_status(self, robot_id: str, status: str) -> Robot:
        """The robot in another state, for example `maintenance`: it gets no jobs then. Raises NotFound."""
        return self._session.call(put(f"/robots/{segment(robot_id)}/status", Robot, {"status": status}))

    def command(self, robot_id: str, command: str) -> Commanded:
        """Tells the robot to `drain` (finish and leave), `pause` or `resume`: at once when it is on a socket, else with
        its next heartbeat. Raises NotFound, Conflict, InvalidInput."""
        path = f"/robots/{segment(robot_id)}/commands"
        return self._session.call(act(path, Commanded, {"command": command}))

    def delete(self, robot_id: str) -> None:
        """Removes it; its jobs go back to the queue. Raises NotFound."""
        self._session.call(delete(f"/robots/{segment(robot_id)}", Model))


class Keys:
    """The keys that robots authenticate with."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        name: str,
        *,
        robot_id: str | None = None,
        description: str | None = None,
        expires_at: datetime | None = None,
        environment: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewApiKey:
        """A key and its secret, which is shown only this once. With `robot_id` it speaks for that robot alone."""
        body = fields(
            name=name,
            robot_id=robot_id,
            description=description,
            expires_at=expires_at,
            environment=environment,
        )
        return self._session.call(create("/robot-api-keys", NewApiKey, body, idempotency_key))

    def get(self, key_id: str) -> ApiKey:
        """The key, without its secret. Raises NotFound."""
        return self._session.call(get(f"/robot-api-keys/{segment(key_id)}", ApiKey))

    def list(self, *, robot_id: str | None = None, status: str | None = None, page_size: int = 100) -> Iterator[ApiKey]:
        """Keys that match."""
        params = {"robot_id": robot_id, "status": status, "limit": page_size}
        return each_by_number(self._session, "/robot-api-keys", KeyPage, params)

    def rotate(
        self,
        key_id: str,
        *,
        overlap_seconds: int | None = None,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> NewApiKey:
        """Its successor. The old key works for `overlap_seconds` more (a day unless given). Raises Conflict when it has
        a successor already."""
        path = f"/robot-api-keys/{segment(key_id)}/rotate"
        body = fields(overlap_seconds=overlap_seconds, expires_at=expires_at)
        return self._session.call(create(path, NewApiKey, body, idempotency_key))

    def revoke(self, key_id: str) -> ApiKey:
        """The key, refused from now on. Raises NotFound."""
        return (self._session.call(act(f"/robot-api-keys/{segment(key_id)}/revoke", RevokedKey))).key
