"""Nodes for files and folders, all inside the robot's working directory (`robot/files.py`).

A path that leads out of it, a hidden file and a link that leads out are PATH_REFUSED; what is missing, in the way or
too large is FILE_ERROR. Nothing here is worth a retry by itself.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robot.errors import FileFailed, InvalidConfig, PathRefused
from robot.nodes.context import NodeContext
from robot.nodes.in_thread import in_thread
from robot.nodes.table import NodeTable, Outcome
from robot.trees import Allowance, copy_file, copy_folder, matching, remove

nodes = NodeTable()


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turns what the operating system refuses into FileFailed: `cannot {what}: reason`."""
    try:
        yield
    except OSError as error:
        raise FileFailed(f"cannot {what}: {error.strerror or type(error).__name__}") from error


def allowance_of(context: NodeContext) -> Allowance:
    """Returns what one step may copy, pack or unpack."""
    limits = context.run.limits
    return Allowance(entries=limits.max_entries, n_bytes=limits.max_transfer_bytes)


def own_path(context: NodeContext, name: str) -> Path:
    """Returns the path of something to change or remove: the thing itself, not what a link leads to, nor the root."""
    files = context.run.files
    path = files.resolve(name)
    if path == files.root:
        raise PathRefused("the robot's working directory itself stays as it is")
    if (files.root / name).is_symlink():
        raise PathRefused(f"{name!r} is a link")
    return path


@nodes.register("file.list")
async def list_files(context: NodeContext) -> Outcome:
    """Lists what is in `folder` (the working directory) and matches `pattern` (`*`): `*.csv`, `**/*.csv`.

    `kind`: files (default), folders or all. Outputs `paths`, sorted; `items` with path, name, size_bytes, modified (ISO
    8601, UTC) and is_folder; `count`. Hidden files and links are left out.
    """
    name, pattern = context.text("folder", "."), context.text("pattern", "*")
    kind = context.text("kind", "files")
    if kind not in {"files", "folders", "all"}:
        raise InvalidConfig("`kind` is files, folders or all")
    run = context.run

    def found() -> list[dict[str, Any]]:
        folder = run.files.resolve(name)
        if not folder.is_dir():
            raise FileFailed(f"there is no folder {name!r}")
        with told(f"list {name!r}"):
            entries = matching(folder, pattern, run.cancel.check, most=run.limits.max_entries)
            return [_item(context, entry) for entry in entries if _is_wanted(entry, kind)]

    items = await in_thread(context, found)
    return Outcome({"paths": [item["path"] for item in items], "items": items, "count": len(items)})


def _is_wanted(entry: os.DirEntry[str], kind: str) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return kind != "files"
    return kind != "folders" and entry.is_file(follow_symlinks=False)


def _item(context: NodeContext, entry: os.DirEntry[str]) -> dict[str, Any]:
    state = entry.stat(follow_symlinks=False)
    return {
        "path": context.run.files.shown(Path(entry.path)),
        "name": entry.name,
        "size_bytes": state.st_size,
        "modified": datetime.fromtimestamp(state.st_mtime, UTC).isoformat(timespec="milliseconds"),
        "is_folder": entry.is_dir(follow_symlinks=False),
    }


@nodes.register("file.exists")
async def exists(context: NodeContext) -> Outcome:
    """Tells whether there is something at `path`. Outputs `exists`, `is_file`, `is_folder`, `size_bytes` (or null)."""
    name = context.text("path")

    def look() -> dict[str, Any]:
        path = context.run.files.resolve(name)
        with told(f"look at {name!r}"):
            is_file = path.is_file()
            size = path.stat().st_size if is_file else None
            return {"exists": path.exists(), "is_file": is_file, "is_folder": path.is_dir(), "size_bytes": size}

    return Outcome(await in_thread(context, look))


@nodes.register("file.copy")
async def copy(context: NodeContext) -> Outcome:
    """Copies the file or folder `source` to `target`, whose folders are made; hidden files in a folder stay behind.

    `overwrite` (false) replaces a file, and adds to a folder, that is there already. Outputs `path`.
    """
    source_name, target_name, overwrite = _source_and_target(context)

    def work() -> str:
        source = context.run.files.resolve(source_name)
        target = own_path(context, target_name)
        _check_target(source, source_name, target, target_name, overwrite)
        with told(f"copy {source_name!r} to {target_name!r}"):
            copier = copy_folder if source.is_dir() else copy_file
            copier(source, target, allowance_of(context), context.run.cancel.check)
        return context.run.files.shown(target)

    return Outcome({"path": await in_thread(context, work)})


@nodes.register("file.move")
async def move(context: NodeContext) -> Outcome:
    """Moves or renames the file or folder `source` to `target`, in one step; `overwrite` (false) replaces a file.

    Outputs `path`.
    """
    source_name, target_name, overwrite = _source_and_target(context)

    def work() -> str:
        source, target = own_path(context, source_name), own_path(context, target_name)
        _check_target(source, source_name, target, target_name, overwrite)
        if source.is_dir() and (target.exists() or target.is_relative_to(source)):
            raise FileFailed(f"a folder cannot be moved into itself or onto something: {target_name!r}")
        with told(f"move {source_name!r} to {target_name!r}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
        return context.run.files.shown(target)

    return Outcome({"path": await in_thread(context, work)})


def _source_and_target(context: NodeContext) -> tuple[str, str, bool]:
    return context.text("source"), context.text("target"), context.flag("overwrite", default=False)


def _check_target(source: Path, source_name: str, target: Path, target_name: str, overwrite: bool) -> None:
    if not source.exists():
        raise FileFailed(f"there is no file {source_name!r}")
    if target.exists() and not overwrite:
        raise FileFailed(f"{target_name!r} is there already; set `overwrite` to replace it")
    if target.exists() and (source.is_dir() != target.is_dir() or source == target):
        raise FileFailed(f"{target_name!r} cannot be replaced by {source_name!r}")


@nodes.register("file.delete")
async def delete(context: NodeContext) -> Outcome:
    """Deletes the file `path`, or with `recursive` (false) a folder and all in it.

    Fails when it is missing unless `missing_ok` (false). Outputs `deleted`, whether there was something.
    """
    name = context.text("path")
    recursive, missing_ok = context.flag("recursive", default=False), context.flag("missing_ok", default=False)

    def work() -> bool:
        path = own_path(context, name)
        if not path.exists():
            if missing_ok:
                return False
            raise FileFailed(f"there is no file {name!r}")
        if path.is_dir() and not recursive:
            raise FileFailed(f"{name!r} is a folder; set `recursive` to delete it and all in it")
        with told(f"delete {name!r}"):
            remove(path)
        return True

    return Outcome({"deleted": await in_thread(context, work)})


@nodes.register("folder.create")
async def make_folder(context: NodeContext) -> Outcome:
    """Makes the folder `path` and those above it; one that is there already is fine. Outputs `path`, `created`."""
    name = context.text("path")

    def work() -> dict[str, Any]:
        path = context.run.files.resolve(name)
        created = not path.is_dir()
        with told(f"make the folder {name!r}"):
            path.mkdir(parents=True, exist_ok=True)
        return {"path": context.run.files.shown(path), "created": created}

    return Outcome(await in_thread(context, work))
