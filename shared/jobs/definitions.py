"""Workflow definitions, stored once by content: immutable, so that everyone may remember them."""

import hashlib
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec

from shared.kernel.errors import NotFound
from shared.kernel.tasks import off_loop
from shared.storage import Collection, Document, Files, Store

DEFINITIONS: Final = "workflow_definitions"
INLINE_BYTES: Final = 4 * 1024 * 1024
"""What is larger when packed stands in GridFS."""
READ_TOGETHER: Final = 8
"""Of such documents fit into one answer: the driver takes none above 48 MB."""
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
    return definition_of_text(tenant_id, msgspec.json.encode(workflow))


def definition_of_text(tenant_id: str, text: bytes) -> Definition:
    """The definition of a `workflow_json` as compact JSON."""
    digest = hashlib.sha256(tenant_id.encode() + b"\0")
    digest.update(text)
    return Definition(digest.hexdigest(), text.decode())


class DefinitionStore:
    """Puts and gets definitions; each is written once and read from memory while it fits there.

    A definition is there when its document is. That is written last, after the files of a large one, so a process that
    dies in between leaves nothing that reads broken. Of several that put the same content at once, the first document
    stands, and the others discard their files.
    """

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, DEFINITIONS, read_together=READ_TOGETHER)
        self._files = Files(store, DEFINITIONS)
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._n_bytes = 0

    async def put(self, definition: Definition) -> None:
        """Store `definition` unless it is stored already. Raises `Unavailable`."""
        if definition.definition_id in self._remembered:
            return
        packed = await off_loop(len(definition.text), _pack, definition.text)
        document: Document = {"_id": definition.definition_id, "n_characters": len(definition.text)}
        if len(packed) <= INLINE_BYTES:
            await self._documents.insert({**document, "packed": packed})
        elif await self._documents.get(definition.definition_id) is None:
            file_ids = await self._files.put(definition.definition_id, packed)
            if not await self._documents.insert({**document, "file_ids": file_ids}):
                await self._files.discard(file_ids)
        self._remember(definition)

    async def get(self, definition_id: str) -> str:
        """The JSON text of a definition. Raises `DefinitionMissing`, `Unavailable`."""
        text = self._remembered.get(definition_id)
        if text is not None:
            self._remembered.move_to_end(definition_id)
            return text
        document = await self._documents.get(definition_id)
        packed = None if document is None else await self._packed(document)
        if document is None or packed is None:
            raise DefinitionMissing("The workflow's definition is not stored.")
        text = await off_loop(document.get("n_characters", len(packed)), _unpack, packed)
        self._remember(Definition(definition_id, text))
        return text

    async def _packed(self, document: Document) -> bytes | None:
        file_ids = document.get("file_ids")
        packed: bytes | None = document["packed"] if file_ids is None else await self._files.get(file_ids)
        return packed

    def _remember(self, definition: Definition) -> None:
        if len(definition.text) > REMEMBERED_BYTES // 4 or definition.definition_id in self._remembered:
            return
        self._remembered[definition.definition_id] = definition.text
        self._n_bytes += len(definition.text)
        while self._n_bytes > REMEMBERED_BYTES:
            _, dropped = self._remembered.popitem(last=False)
            self._n_bytes -= len(dropped)


def _pack(text: str) -> bytes:
    return zlib.compress(text.encode(), _COMPRESSION_LEVEL)


def _unpack(packed: bytes) -> str:
    return zlib.decompress(packed).decode()
