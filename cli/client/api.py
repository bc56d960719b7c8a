"""The API as commands use it: each call's answer, or the failure it means."""

from collections.abc import Mapping
from typing import Any

from casare import _address
from casare._calls import Call, Params, act, create, delete, get, new_key, put
from casare._sync.session import Session as Calls
from cli.client.problems import failure_of
from cli.client.session import Session
from cli.client.transport import Sent, Upload
from cli.failures import ServerUnavailable, as_usage_problem

Answer = dict[str, Any]


class Api:
    """Calls as the logged-in user. Every method raises one of the CommandFailed when it does not succeed."""

    def __init__(self, session: Session) -> None:
        self._url = session.transport.url
        self._calls = Calls(session.transport, session)

    def get(self, path: str, params: Params | None = None) -> Answer:
        """The object at `path`; parameters that are None are left out."""
        return self._object(get(path, dict, params))

    def get_list(self, path: str, params: Params | None = None) -> list[Answer]:
        """The objects listed at `path`."""
        answer = self._answer(get(path, list, params))
        if not isinstance(answer, list) or not all(isinstance(entry, dict) for entry in answer):
            raise self._unexpected(path)
        return answer

    def create(self, path: str, body: Mapping[str, Any]) -> Answer:
        """What was created; its `Idempotency-Key` makes sure that a repeat after a lost answer creates nothing more."""
        return self._object(create(path, dict, body))

    def create_large(self, path: str, body: bytes, sent: Sent) -> Answer:
        """As `create`, of a body that is JSON already; `sent` is told how much of it is under way."""
        return self._upload(create(path, dict), body, sent)

    def replace_large(self, path: str, body: bytes, sent: Sent) -> Answer:
        """As `put`, of a body that is JSON already; `sent` is told how much of it is under way."""
        return self._upload(put(path, dict), body, sent)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, params: Params | None = None) -> Answer:
        """The answer to an action whose repeat changes nothing."""
        return self._object(act(path, dict, body, params))

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The thing as it is after the change."""
        return self._object(put(path, dict, body))

    def put_once(self, path: str) -> Answer:
        """As `put`, where each call does something: its `Idempotency-Key` makes a repeat do nothing more."""
        return self._object(put(path, dict, key=new_key()))

    def create_once(self, path: str) -> Answer:
        """As `create`, where the path says it all."""
        return self._object(create(path, dict))

    def delete(self, path: str) -> Answer:
        """What the server says of the deletion. Raises NotThere when there is nothing to delete."""
        return self._object(delete(path, dict))

    def _upload(self, call: Call[Any], content: bytes, sent: Sent) -> Answer:
        headers = {**call.headers, "Content-Length": str(len(content))}
        return self._object(Upload(call.method, call.path, dict, content=content, headers=headers, sent=sent))

    def _object(self, call: Call[Any]) -> Answer:
        answer = self._answer(call)
        if not isinstance(answer, dict):
            raise self._unexpected(call.path)
        return answer

    def _answer(self, call: Call[Any]) -> Any:
        response = self._calls.send(call)
        if not response.is_success:
            raise failure_of(response, self._url)
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            raise self._unexpected(call.path) from error

    def _unexpected(self, path: str) -> ServerUnavailable:
        return ServerUnavailable(
            f"{self._url} gave an answer to {path} that is not understood.",
            advice="Is it a Casare server, and as new as this command?",
        )


@as_usage_problem()
def segment(identifier: str) -> str:
    """`identifier` as a part of a path. Raises UsageProblem for what would be read as another path."""
    return _address.segment(identifier)
