"""Real answers against `openapi.json`: every status must be documented, every body as its schema says."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import httpx
import jsonschema_rs

from tests.support.api import API, Api

_PROBLEM: Final = "application/problem+json"


class ApiDocument:
    """The merged document of one deployment."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._operations = dict(_operations(document))
        self._validators: dict[str, Any] = {}

    @classmethod
    async def of(cls, base_url: str) -> "ApiDocument":
        """The one that the gateway at `base_url` shows."""
        async with Api(base_url) as anyone:
            return cls(json.loads(await anyone.page("/openapi.json")))

    @property
    def operations(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By method and the path below `/api/v1`, its parameters' names as documented."""
        return self._operations

    def faults(self, method: str, template: str, answer: httpx.Response) -> list[str]:
        """What of `answer` the document does not say; `template` as the table writes it."""
        operation = self._find(method, template)
        if operation is None:
            return [f"{method} {template} is not documented"]
        response = operation["responses"].get(str(answer.status_code))
        if response is None:
            return [f"{answer.status_code} is not documented for {method} {template}"]
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        content = response.get("content", {})
        if media_type not in content:
            return [f"{answer.status_code} as {media_type} is not documented, but {sorted(content)}"]
        if not media_type.endswith("json"):
            return []
        return [*self._headers_missing(response, answer), *self._invalid(content[media_type]["schema"], answer.json())]

    def _find(self, method: str, template: str) -> dict[str, Any] | None:
        wanted = (method, _shape(template))
        return next((o for (m, path), o in self._operations.items() if (m, _shape(path)) == wanted), None)

    def _headers_missing(self, response: dict[str, Any], answer: httpx.Response) -> list[str]:
        """Limits may be switched off where the answer comes from, so only headers that came are looked up."""
        sent = [name for name in answer.headers if name.startswith("x-ratelimit-")]
        documented = {name.lower() for name in response.get("headers", {})}
        return [f"{name} is not documented" for name in sent if name not in documented]

    def _invalid(self, schema: dict[str, Any], body: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return [f"{list(error.instance_path)}: {error.message}" for error in self._validators[key].iter_errors(body)]


def _operations(document: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield (method.upper(), path.removeprefix(API)), operation


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)
