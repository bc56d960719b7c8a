"""The API as commands use it: each call's answer, or the failure it means."""

from collections.abc import Mapping
from typing import Any

import httpx

from casare import _address
from casare._calls import encode_json
from cli.client.problems import failure_of
from cli.client.retrying import Call, Sent
from cli.client.session import Session
from cli.failures import ServerUnavailable, as_usage_problem
from shared.kernel.ids import NewId

Answer = dict[str, Any]
Params = Mapping[str, str | int | None]


class Api:
    """Calls as the logged-in user. Every method raises one of the CommandFailed when it does not succeed."""

    def __init__(self, session: Session, new_id: NewId) -> None:
        self._session = session
        self._transport = session.transport
        self._new_id = new_id

    def get(self, path: str, params: Params | None = None) -> Answer:
        """The object at `path`; parameters that are None are left out."""
        return self._object(Call("GET", path, params=_present(params)))

    def get_list(self, path: str, params: Params | None = None) -> list[Answer]:
        """The objects listed at `path`."""
        answer = self._answer(Call("GET", path, params=_present(params)))
        if not isinstance(answer, list) or not all(isinstance(entry, dict) for entry in answer):
            raise self._unexpected(path)
        return answer

    def create(self, path: str, body: Mapping[str, Any]) -> Answer:
        """What was created; its `Idempotency-Key` makes sure that a repeat after a lost answer creates nothing more."""
        headers = {"Idempotency-Key": self._new_id()}
        return self._object(Call("POST", path, encode_json(body), headers=headers))

    def create_large(self, path: str, body: bytes, sent: Sent) -> Answer:
        """As `create`, of a body that is JSON already; `sent` is told how much of it is under way."""
        headers = {"Idempotency-Key": self._new_id()}
        return self._object(Call("POST", path, body, headers=headers, sent=sent))

    def replace_large(self, path: str, body: bytes, sent: Sent) -> Answer:
        """As `put`, of a body that is JSON already; `sent` is told how much of it is under way."""
        return self._object(Call("PUT", path, body, sent=sent))

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, params: Params | None = None) -> Answer:
        """The answer to an action whose repeat changes nothing."""
        return self._object(Call("POST", path, _content(body), params=_present(params)))

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The thing as it is after the change."""
        return self._object(Call("PUT", path, _content(body)))

    def put_once(self, path: str) -> Answer:
        """As `put`, where each call does something: its `Idempotency-Key` makes a repeat do nothing more."""
        return self._object(Call("PUT", path, headers={"Idempotency-Key": self._new_id()}))

    def create_once(self, path: str) -> Answer:
        """As `create`, where the path says it all."""
        return self._object(Call("POST", path, headers={"Idempotency-Key": self._new_id()}))

    def delete(self, path: str) -> Answer:
        """What the server says of the deletion. Raises NotThere when there is nothing to delete."""
        return self._object(Call("DELETE", path))

    def _object(self, call: Call) -> Answer:
        answer = self._answer(call)
        if not isinstance(answer, dict):
            raise self._unexpected(call.path)
        return answer

    def _answer(self, call: Call) -> Any:
        response = self._send(call)
        if not response.is_success:
            raise failure_of(response, self._transport.url)
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            raise self._unexpected(call.path) from error

    def _send(self, call: Call) -> httpx.Response:
        token = self._session.access_token()
        response = self._transport.send(call, token)
        if response.status_code != 401:
            return response
        # Refused although it had time left: revoked, or the clocks differ. Nothing was done: it may be made again.
        return self._transport.send(call, self._session.token_after(token))

    def _unexpected(self, path: str) -> ServerUnavailable:
        return ServerUnavailable(
            f"{self._transport.url} gave an answer to {path} that is not understood.",
            advice="Is it a Casare server, and as new as this command?",
        )


@as_usage_problem()
def segment(identifier: str) -> str:
    """`identifier` as a part of a path. Raises UsageProblem for what would be read as another path."""
    return _address.segment(identifier)


def _content(body: Mapping[str, Any] | None) -> bytes | None:
    return None if body is None else encode_json(body)


def _present(params: Params | None) -> dict[str, str | int]:
    return {name: value for name, value in (params or {}).items() if value is not None}
