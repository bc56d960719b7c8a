"""Requests whose body carries a definition of up to 50 MB."""

import hashlib
from typing import Annotated, Any, Final

import msgspec
from pydantic import PlainValidator, WithJsonSchema
from starlette.exceptions import HTTPException

from services.workflows.domain.compact_json import JsonText, Unreadable, is_object, members_of, read
from shared.kernel.tasks import off_loop
from shared.web.routes import ContractRoute, StrictJSONRequest

DEFINITION: Final = "workflow_json"


class DocumentRequest(StrictJSONRequest):
    """Leaves the definition as the text it came as: it is read later, piece by piece, and off the event loop."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = await off_loop(len(body), _members, body)
            except Unreadable as error:
                raise HTTPException(400, f"The body is not valid JSON: {error}") from error
        return self._json


class DocumentRoute(ContractRoute):
    """A route that takes a definition."""

    request_class = DocumentRequest


async def fingerprint_of(body: bytes) -> bytes:
    """What stands for a body that may be large when requests are compared."""
    return await off_loop(len(body), _digest, body)


def _members(body: bytes) -> dict[str, Any]:
    return {name: text if name == DEFINITION else read(text) for name, text in members_of(body).items()}


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _checked_text(value: Any) -> JsonText:
    if not isinstance(value, msgspec.Raw) or not is_object(value):
        raise ValueError("Input should be an object")
    return value


DefinitionText = Annotated[
    JsonText, PlainValidator(_checked_text), WithJsonSchema({"type": "object", "additionalProperties": True})
]
"""A definition that was not read yet."""
