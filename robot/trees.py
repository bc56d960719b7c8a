"""Many files at once: listing, copying and moving inside the working directory, and archives of them."""

import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from lzma import LZMAError
from pathlib import Path
from zipfile import BadZipFile

from robot.errors import FileFailed, InvalidConfig, PathRefused
from robot.files import appearing_whole

MAX_WILD_FOLDERS = 2
MAX_DEPTH = 64
_CHUNK = 1_000_000

DAMAGED_ARCHIVE = (BadZipFile, LZMAError, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
"""What reading a zip archive raises that is none, or is damaged."""

Check = Callable[[], None]


def walk(top: Path, check: Check, *, depth: int = 0) -> Iterator[os.DirEntry[str]]:
    """Yields what is below `top`, by name, folders before what they hold; hidden things are left out.

    Links are told, never followed. Raises FileFailed for folders nested deeper than MAX_DEPTH.
    """
    check()
    if depth > MAX_DEPTH:
        raise FileFailed(f"folders are nested deeper than {MAX_DEPTH} levels")
    with os.scandir(top) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if not entry.name.startswith("."):
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(Path(entry.path), check, depth=depth + 1)


def matching(top: Path, pattern: str, check: Check, *, most: int) -> list[os.DirEntry[str]]:
    """Returns the entries below `top` whose path matches: `*` and `?` within a name, `**` for any folders.

    Raises FileFailed when more than `most` match or ten times as many were looked at, InvalidConfig for a pattern that
    is none.
    """
    parts = pattern.split("/")
    if parts.count("**") > MAX_WILD_FOLDERS or ".." in parts or pattern.startswith("/"):
        raise InvalidConfig(f"`pattern` is relative, without `..` and with at most {MAX_WILD_FOLDERS} `**`")
    chosen: list[os.DirEntry[str]] = []
    for seen, entry in enumerate(walk(top, check)):
        if matches(Path(entry.path).relative_to(top).parts, tuple(parts)):
            chosen.append(entry)
        if len(chosen) > most or seen > 10 * most:
            raise FileFailed(f"there are more than {most:,} files; choose a narrower `pattern` or `folder`")
    return chosen


def matches(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Returns whether the path made of `names` matches the pattern made of `parts`."""
    if not parts:
        return not names
    if parts[0] == "**":
        return any(matches(names[skipped:], parts[1:]) for skipped in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and matches(names[1:], parts[1:])


class Allowance:
    """How many files and bytes one step may still copy, pack or unpack."""

    def __init__(self, *, entries: int, n_bytes: int) -> None:
        self._entries, self._bytes = entries, n_bytes
        self._most = f"{entries:,} files or {n_bytes:,} bytes"

    def entry(self) -> None:
        """Counts a file or folder. Raises FileFailed beyond the allowance."""
        self._entries -= 1
        self._refuse(self._entries)

    def take(self, n_bytes: int) -> None:
        """Counts bytes. Raises FileFailed beyond the allowance."""
        self._bytes -= n_bytes
        self._refuse(self._bytes)

    def _refuse(self, left: int) -> None:
        if left < 0:
            raise FileFailed(f"more than {self._most} in one step")


def copy_file(source: Path, target: Path, allowance: Allowance, check: Check) -> None:
    """Copies one file; the target appears whole or not at all. Raises OSError, FileFailed."""
    allowance.entry()
    target.parent.mkdir(parents=True, exist_ok=True)
    with appearing_whole(target) as partial, partial.open("wb") as out, source.open("rb") as content:
        while chunk := content.read(_CHUNK):
            check()
            allowance.take(len(chunk))
            out.write(chunk)


def copy_folder(source: Path, target: Path, allowance: Allowance, check: Check) -> None:
    """Copies what is in the folder; hidden files stay behind. Raises PathRefused for a link, OSError, FileFailed."""
    if target.is_relative_to(source):
        raise FileFailed("a folder cannot be copied or moved into itself")
    target.mkdir(parents=True, exist_ok=True)
    for entry in walk(source, check):
        place = target / Path(entry.path).relative_to(source)
        if entry.is_symlink():
            raise PathRefused(f"{entry.name!r} is a link")
        if entry.is_dir(follow_symlinks=False):
            allowance.entry()
            place.mkdir(exist_ok=True)
        elif entry.is_file(follow_symlinks=False):
            copy_file(Path(entry.path), place, allowance, check)


def remove(path: Path) -> None:
    """Deletes a file or a whole folder. Raises OSError."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
