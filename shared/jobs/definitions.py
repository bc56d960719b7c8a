"""Workflow definitions, stored once by content: immutable, so that everyone may remember them."""

import hashlib
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec
from pymongo.errors import DocumentTooLarge

from shared.kernel.errors import NotFound, TooLarge
from shared.storage import Collection, Store

DEFINITIONS: Final = "workflow_definitions"
REMEMBERED_BYTES: Final = 32 * 1024 * 1024
"""How much JSON text a process keeps at hand."""
_COMPRESSION_LEVEL: Final = 1


class DefinitionMissing(NotFound):
    """A job or version names a definition that is not stored."""

    code = "DEFINITION_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow's JSON text under its content id, which includes the tenant: nothing is shared across tenants."""

    definition_id: str
    text: str


def definition_of(tenant_id: str, workflow: dict[str, object]) -> Definition:
    """The definition of a parsed `workflow_json`."""
    text = msgspec.json.encode(workflow)
    digest = hashlib.sha256(tenant_id.encode() + b"\0" + text).hexdigest()
    return Definition(digest, text.decode())


class DefinitionStore:
    """Puts and gets definitions; each is written once and read from memory while it fits there."""

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, DEFINITIONS)
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._n_bytes = 0

    async def put(self, definition: Definition) -> None:
        """Store `definition` unless it is stored already. Raises `Unavailable`, `TooLarge`."""
        if definition.definition_id in self._remembered:
            return
        packed = zlib.compress(definition.text.encode(), _COMPRESSION_LEVEL)
        try:
            await self._documents.insert({"_id": definition.definition_id, "packed": packed})
        except DocumentTooLarge as error:
            raise TooLarge("The workflow is larger than the store takes in one piece.") from error
        self._remember(definition)

    async def get(self, definition_id: str) -> str:
        """The JSON text of a definition. Raises `DefinitionMissing`, `Unavailable`."""
        text = self._remembered.get(definition_id)
        if text is not None:
            self._remembered.move_to_end(definition_id)
            return text
        document = await self._documents.get(definition_id)
        if document is None:
            raise DefinitionMissing("The workflow's definition is not stored.")
        text = zlib.decompress(document["packed"]).decode()
        self._remember(Definition(definition_id, text))
        return text

    def _remember(self, definition: Definition) -> None:
        if len(definition.text) > REMEMBERED_BYTES // 4 or definition.definition_id in self._remembered:
            return
        self._remembered[definition.definition_id] = definition.text
        self._n_bytes += len(definition.text)
        while self._n_bytes > REMEMBERED_BYTES:
            _, dropped = self._remembered.popitem(last=False)
            self._n_bytes -= len(dropped)
