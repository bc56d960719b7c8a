"""Bytes that fill more than one document, in GridFS."""

from collections.abc import Sequence
from typing import Final

import structlog
from bson import ObjectId
from gridfs import AsyncGridFSBucket, NoFile
from gridfs.errors import CorruptGridFile
from pymongo.errors import PyMongoError

from shared.kernel.errors import Unavailable
from shared.storage.mongo import Store, translate_errors

SLICE_BYTES: Final = 8 * 1024 * 1024
"""Of one GridFS file. The embedded engine sends a whole file in one message; the driver takes none above 48 MB."""
CHUNK_BYTES: Final = 1024 * 1024

_log: Final = structlog.get_logger(__name__)


class Files:
    """Immutable contents, each in as many GridFS files as it needs.

    GridFS writes chunks first and cannot repeat a write that was cut short; so each `put` makes files of its own, and
    the content is there once a document names them. What a process leaves that dies before is named by nobody.
    """

    def __init__(self, store: Store, bucket: str) -> None:
        self._bucket = AsyncGridFSBucket(store.database, bucket_name=bucket, chunk_size_bytes=CHUNK_BYTES)

    async def put(self, name: str, content: bytes) -> list[str]:
        """The ids of the files that hold `content` now; `name` is for people. Raises `Unavailable`."""
        file_ids: list[str] = []
        try:
            for start in range(0, len(content), SLICE_BYTES):
                with translate_errors():
                    file_id = await self._bucket.upload_from_stream(name, content[start : start + SLICE_BYTES])
                file_ids.append(str(file_id))
        except Unavailable:
            await self.discard(file_ids)
            raise
        return file_ids

    async def get(self, file_ids: Sequence[str]) -> bytes | None:
        """The content, or None when some of it is not there. Raises `Unavailable`."""
        slices = []
        for file_id in file_ids:
            try:
                with translate_errors():
                    stream = await self._bucket.open_download_stream(ObjectId(file_id))
                    slices.append(await stream.read())
            except (NoFile, CorruptGridFile):
                return None
        return b"".join(slices)

    async def discard(self, file_ids: Sequence[str]) -> None:
        """Remove files that nothing names. Never raises: what stays takes room and does no harm."""
        for file_id in file_ids:
            try:
                with translate_errors():
                    await self._bucket.delete(ObjectId(file_id))
            except (PyMongoError, Unavailable) as error:  # the engines differ in how they say that it is gone
                _log.warning("file_not_discarded", file_id=file_id, reason=str(error))
