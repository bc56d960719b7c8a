"""Nodes for text files. `encoding` is utf-8 unless another is given; a byte-order mark is not part of the text."""

import codecs
from pathlib import Path

from robot.errors import FileFailed, InvalidConfig
from robot.files import WorkingDirectory
from robot.nodes.context import NodeContext
from robot.nodes.files import told
from robot.nodes.in_thread import in_thread
from robot.nodes.json_files import check_size
from robot.nodes.table import NodeTable, Outcome
from robot.values import text_of

nodes = NodeTable()


def decoded(content: bytes, encoding: str, name: str) -> str:
    """Returns the text of a file. Raises InvalidConfig for an encoding that is none, FileFailed for other bytes."""
    codec = codec_of(encoding)
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise FileFailed(f"{name!r} is not {encoding}: byte {error.start}") from error


def encoded(text: str, encoding: str, *, goes_on: bool = False) -> bytes:
    """Returns the text's bytes; a text that `goes_on` after others of its file has no byte-order mark.

    Raises InvalidConfig for an encoding that is none or does not have a character.
    """
    codec = _codec(encoding)
    try:
        if not goes_on:
            return text.encode(codec)
        encoder = codecs.getincrementalencoder(codec)()
        encoder.setstate(0)
        return encoder.encode(text, final=True)
    except UnicodeEncodeError as error:
        raise InvalidConfig(f"{encoding!r} does not have the character at position {error.start}") from error


def codec_of(encoding: str) -> str:
    """Returns the codec that reads this encoding, without a byte-order mark. Raises InvalidConfig."""
    codec = _codec(encoding)
    return "utf-8-sig" if codec == "utf-8" else codec


def _codec(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding).name
        # Others, such as hex and zlib, are no encodings of texts.
        "".encode(codec)
    except (LookupError, ValueError) as error:
        raise InvalidConfig(f"there is no encoding {encoding[:40]!r}") from error
    return codec


def has_content(path: Path) -> bool:
    """Returns whether there is a file that is not empty."""
    return path.is_file() and path.stat().st_size > 0


def append(files: WorkingDirectory, name: str, content: bytes, *, max_bytes: int) -> str:
    """Adds to the end of a file, made when missing; returns the path to show. Raises FileFailed over `max_bytes`."""
    path = files.resolve(name)
    with told(f"write {name!r}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            if file.tell() + len(content) > max_bytes:
                raise FileFailed(f"{name!r} would become larger than {max_bytes:,} bytes")
            file.write(content)
    return files.shown(path)


@nodes.register("text.read_file")
async def read(context: NodeContext) -> Outcome:
    """Reads the file `file_path`. Outputs `text`, `lines` (without their ends) and `size_bytes`."""
    name, encoding = context.text("file_path"), context.text("encoding", "utf-8")
    limits = context.run.limits

    def work() -> Outcome:
        content = context.run.files.read(name, max_bytes=limits.max_file_bytes)
        text = decoded(content, encoding, name)
        return Outcome({"text": text, "lines": text.splitlines(), "size_bytes": len(content)})

    return await in_thread(context, work)


@nodes.register("text.write_file")
async def write(context: NodeContext) -> Outcome:
    """Writes `text` to `file_path`, replacing the file in one step or, with `append` (false), adding to its end.

    A value that is no text is written as people read it. `newline` (false) ends the file with a line break when it
    lacks one. Outputs `file_path` and `size_bytes`, of what was written now.
    """
    name, encoding = context.text("file_path"), context.text("encoding", "utf-8")
    value, adds = context.value("text", ""), context.flag("append", default=False)
    newline = context.flag("newline", default=False)
    files, most = context.run.files, context.run.limits.max_file_bytes

    def work() -> Outcome:
        check_size(value, most)
        text = text_of(value)
        text += "\n" if newline and not text.endswith("\n") else ""
        content = encoded(text, encoding, goes_on=adds and has_content(files.resolve(name)))
        path = append(files, name, content, max_bytes=most) if adds else files.shown(files.write(name, content))
        return Outcome({"file_path": path, "size_bytes": len(content)})

    return await in_thread(context, work)
