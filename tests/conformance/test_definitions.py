"""Workflow definitions on every engine: small ones in a document, large ones as GridFS files."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from typing import Final

import pytest

from shared.jobs import DefinitionStore
from shared.jobs.definitions import DEFINITIONS, INLINE_BYTES, Definition, DefinitionMissing, definition_of_text
from shared.storage import Store, connect
from shared.storage.files import SLICE_BYTES, Files

TENANT: Final = "default"
FILES: Final = f"{DEFINITIONS}.files"


def incompressible(n_bytes: int) -> Definition:
    """A definition that takes `n_bytes`, and a little more, when it is packed."""
    text = base64.b64encode(os.urandom(n_bytes))
    return definition_of_text(TENANT, b'{"nodes":{"n":{"text":"' + text + b'"}}}')


@pytest.fixture
async def store(each_store_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(each_store_url, database_name) as store:
        yield store


async def read_anew(store: Store, definition: Definition) -> str:
    """What a process reads that remembers nothing."""
    return await DefinitionStore(store).get(definition.definition_id)


@pytest.mark.parametrize("n_bytes", [100, 300_000, INLINE_BYTES + 100, 2 * SLICE_BYTES + 1])
async def test_a_definition_is_read_as_it_was_put(store: Store, n_bytes: int) -> None:
    definition = incompressible(n_bytes)
    await DefinitionStore(store).put(definition)
    assert await read_anew(store, definition) == definition.text


async def test_a_definition_that_packs_well_stays_in_its_document(store: Store) -> None:
    definition = definition_of_text(TENANT, b'{"nodes":{"n":{"text":"' + b"a" * 20_000_000 + b'"}}}')
    await DefinitionStore(store).put(definition)
    assert await read_anew(store, definition) == definition.text
    assert await store.count(FILES, {}) == 0


async def test_a_large_definition_stands_in_gridfs(store: Store) -> None:
    definition = incompressible(2 * SLICE_BYTES + 1)
    await DefinitionStore(store).put(definition)
    await DefinitionStore(store).put(definition)
    assert await store.count(FILES, {}) == 3


async def test_definitions_put_by_many_at_once_are_stored_once(store: Store) -> None:
    definition = incompressible(SLICE_BYTES + 1)
    await asyncio.gather(*(DefinitionStore(store).put(definition) for _ in range(4)))
    assert await read_anew(store, definition) == definition.text
    assert await store.count(DEFINITIONS, {}) == 1
    assert await store.count(FILES, {}) == 2


async def test_a_put_cut_short_is_not_seen_and_done_anew_by_the_next(store: Store) -> None:
    definition = incompressible(SLICE_BYTES + 1)
    await Files(store, DEFINITIONS).put(definition.definition_id, definition.text.encode())
    with pytest.raises(DefinitionMissing):
        await read_anew(store, definition)
    await DefinitionStore(store).put(definition)
    assert await read_anew(store, definition) == definition.text


async def test_a_definition_that_lost_a_file_is_missing(store: Store) -> None:
    definition = incompressible(SLICE_BYTES + 1)
    await DefinitionStore(store).put(definition)
    document = await store.collection(DEFINITIONS).find_one({"_id": definition.definition_id})
    assert document is not None
    for _ in range(2):
        await Files(store, DEFINITIONS).discard(document["file_ids"][1:])
    with pytest.raises(DefinitionMissing):
        await read_anew(store, definition)


async def test_what_is_not_stored_is_missing(store: Store) -> None:
    with pytest.raises(DefinitionMissing):
        await DefinitionStore(store).get("unknown")


async def test_many_definitions_read_at_once_do_not_overflow_one_answer(store: Store) -> None:
    definitions = [incompressible(INLINE_BYTES * 9 // 10) for _ in range(14)]
    writer = DefinitionStore(store)
    for definition in definitions:
        await writer.put(definition)
    reader = DefinitionStore(store)
    texts = await asyncio.gather(*(reader.get(definition.definition_id) for definition in definitions))
    assert texts == [definition.text for definition in definitions]
