"""The workflow folder (`CASARE_WORKFLOWS_DIR`): `<tenant>/<workflow id>/v<version>.json`, for people and programs."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Counter

from services.workflows.ports import Copy, Folder
from shared.kernel.errors import Unavailable

_log: Final = structlog.get_logger(__name__)


class NoFolder:
    """`Folder` where none is configured."""

    async def write(self, tenant_id: str, workflow_id: str, version: int, text: str) -> Copy:
        del tenant_id, workflow_id, version, text
        return _NoCopy()

    async def remove(self, tenant_id: str, workflow_id: str) -> bool:
        del tenant_id, workflow_id
        return False


class DiskFolder:
    """`Folder` under `root`. Files appear whole or not at all, and only for versions that are stored.

    A version is on disk, under a name of its own, before it is stored, so that a full disk refuses it; it gets its
    proper name after that. A process that dies in between leaves a version without its copy here; the store counts.
    """

    def __init__(self, root: Path, registry: CollectorRegistry) -> None:
        self._root = root
        self._failures = Counter(
            "casare_workflow_folder_failures_total", "Operations on the workflow folder that failed", registry=registry
        )

    async def write(self, tenant_id: str, workflow_id: str, version: int, text: str) -> Copy:
        target = self._folder_of(tenant_id, workflow_id) / f"v{version}.json"
        draft = target.with_name(f".v{version}-{uuid4().hex}.tmp")
        try:
            await asyncio.to_thread(_write, draft, text)
        except OSError as error:
            self._failed("write", target, error)
            raise Unavailable("The workflow folder cannot be written.") from error
        return _DiskCopy(self, draft, target)

    async def remove(self, tenant_id: str, workflow_id: str) -> bool:
        folder = self._folder_of(tenant_id, workflow_id)
        try:
            await asyncio.to_thread(_remove, folder)
        except OSError as error:
            self._failed("remove", folder, error)
            return False
        return True

    async def put_in_place(self, draft: Path, target: Path) -> None:
        """Give a draft its proper name. Never raises: its version is stored."""
        try:
            await asyncio.to_thread(_rename, draft, target)
        except OSError as error:
            self._failed("rename", target, error)

    async def drop(self, draft: Path) -> None:
        """Remove a draft. Never raises."""
        try:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
        except OSError as error:
            self._failed("discard", draft, error)

    def _folder_of(self, tenant_id: str, workflow_id: str) -> Path:
        return self._root / _path_safe(tenant_id) / _path_safe(workflow_id)

    def _failed(self, operation: str, path: Path, error: OSError) -> None:
        self._failures.inc()
        _log.error("workflow_folder_failed", operation=operation, path=str(path), reason=error.strerror)


class _DiskCopy:
    def __init__(self, folder: DiskFolder, draft: Path, target: Path) -> None:
        self._folder = folder
        self._draft = draft
        self._target = target

    async def keep(self) -> None:
        await self._folder.put_in_place(self._draft, self._target)

    async def discard(self) -> None:
        await self._folder.drop(self._draft)


class _NoCopy:
    async def keep(self) -> None:
        return

    async def discard(self) -> None:
        return


def open_folder(root: str, registry: CollectorRegistry) -> Folder:
    """The folder under `root`; none when it is empty."""
    return DiskFolder(Path(root), registry) if root else NoFolder()


def _path_safe(name: str) -> str:
    """One path component whatever the name: no separator, no `.` or `..`, and no two names alike."""
    return quote(name, safe="").replace(".", "%2E")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _rename(draft: Path, target: Path) -> None:
    draft.replace(target)
    _sync_folder(target.parent)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return


def _sync_folder(folder: Path) -> None:
    """A name is on disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
