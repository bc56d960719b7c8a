"""Sending a row's call, well or changed in one thing, and looking at what comes back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from tests.support.contract.cast import Cast
from tests.support.contract.document import ApiDocument
from tests.support.contract.endpoint import NOTHING, Endpoint, Refusal, Values, Who
from tests.support.contract.shapes import mismatches
from tests.support.problems import problem_faults
from tests.support.system import System


class Row:
    """One endpoint against one deployment."""

    def __init__(self, endpoint: Endpoint, system: System, document: ApiDocument) -> None:
        self._endpoint = endpoint
        self._system = system
        self._document = document
        self.faults: list[str] = []
        """What was found wrong so far."""

    @asynccontextmanager
    async def cast(self, shared: Cast) -> AsyncIterator[Cast]:
        """What the next call is about: `shared`, or new things where the call would use them up."""
        if not self._endpoint.once:
            yield shared
            return
        async with Cast(self._system) as own:
            yield own

    async def send(self, cast: Cast, who: Who | None = None, **changes: Any) -> httpx.Response:
        """The answer to the good call, changed by `path`, `body`, `query`, `headers` where given."""
        endpoint = self._endpoint
        client = await cast.client(who or endpoint.who)
        path = await cast.filled(changes.get("path") or endpoint.good_path)
        body = changes.get("body", endpoint.body)
        content: dict[str, Any] = {
            "params": await cast.filled(dict(_given(changes, "query", endpoint.query))),
            "headers": await cast.filled(dict(_given(changes, "headers", endpoint.headers))),
        }
        if endpoint.files is not None:
            content["files"] = {field: (name, text) for field, (name, text) in endpoint.files.items()}
        elif body is not NOTHING:
            content["content"] = msgspec.json.encode(await cast.filled(body))
            content["headers"] = {"content-type": "application/json", **content["headers"]}
        return await client.request(endpoint.method, path, **content)

    def expect_good(self, answer: httpx.Response, what: str) -> None:
        """Note what is wrong with the answer to a good call."""
        if answer.status_code != self._endpoint.status:
            self.faults.append(f"{what}: {answer.status_code} {answer.text[:300]}")
            return
        if isinstance(self._endpoint.answer, str):
            if self._endpoint.answer not in answer.text:
                self.faults.append(f"{what}: {self._endpoint.answer} is not in {answer.text[:200]}")
        else:
            self.faults += [f"{what}: {each}" for each in mismatches(answer.json(), self._endpoint.answer)]
        self.expect_documented(answer, what)

    def expect_accepted(self, answer: httpx.Response, what: str) -> None:
        """Note when a value that is allowed is not taken."""
        if answer.status_code != self._endpoint.status:
            self.faults.append(f"{what}: {answer.status_code} {answer.text[:300]}")
        self.expect_documented(answer, what)

    def expect_documented(self, answer: httpx.Response, what: str) -> None:
        """Note what `openapi.json` does not say about the answer."""
        found = self._document.faults(self._endpoint.method, self._endpoint.path, answer)
        self.faults += [f"{what}: {each}" for each in found]

    def expect_problem(
        self, answer: httpx.Response, status: int, code: str, what: str, names: str | None = None
    ) -> None:
        """Note what is wrong with a refusal."""
        self.faults += [f"{what}: {each}" for each in problem_faults(answer, status, code, names=names)]
        self.expect_documented(answer, what)

    async def try_values(self, shared: Cast, values: Values, *, in_query: bool) -> None:
        """Each good value is taken; each bad one is refused, naming the field."""
        for value in values.good:
            async with self.cast(shared) as cast:
                answer = await self.send(cast, **self._changed(values.name, value, in_query=in_query))
                self.expect_accepted(answer, f"{values.name}={value!r:.60}")
        for value in values.bad:
            answer = await self.send(shared, **self._changed(values.name, value, in_query=in_query))
            code = values.code if isinstance(value, str) else "INVALID_INPUT"
            self.expect_problem(answer, 400, code, f"{values.name}={value!r:.60}", values.names or values.name)

    def _changed(self, name: str, value: Any, *, in_query: bool) -> dict[str, Any]:
        if in_query:
            return {"query": {**self._endpoint.query, name: value}}
        body: Mapping[str, Any] = self._endpoint.body
        return {"body": {**body, name: value}}

    async def try_refusal(self, shared: Cast, refusal: Refusal) -> None:
        """The call is refused as it says."""
        given = {
            "path": refusal.path,
            "query": refusal.query,
            "headers": refusal.headers,
            **({} if refusal.body is NOTHING else {"body": refusal.body}),
        }
        answer = await self.send(shared, refusal.who, **given)
        self.expect_problem(answer, refusal.status, refusal.code, refusal.because)


def _given(changes: Mapping[str, Any], name: str, otherwise: Mapping[str, Any]) -> Mapping[str, Any]:
    given: Mapping[str, Any] | None = changes.get(name)
    return otherwise if given is None else given
