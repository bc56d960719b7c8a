"""Nodes for zip archives."""

from pathlib import Path, PurePosixPath
from stat import S_ISLNK
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from robot.errors import FileFailed, InvalidConfig, PathRefused
from robot.files import appearing_whole
from robot.nodes.context import NodeContext
from robot.nodes.files import allowance_of, own_path, told
from robot.nodes.in_thread import in_thread
from robot.nodes.table import NodeTable, Outcome
from robot.trees import DAMAGED_ARCHIVE, Allowance, walk
from robot.values import kind_of

nodes = NodeTable()

_CHUNK = 1_000_000
_ENCRYPTED = 0x1


@nodes.register("archive.zip")
async def pack(context: NodeContext) -> Outcome:
    """Packs `sources` (a path or a list: files, or folders with all in them) into the archive `target`.

    Names in the archive begin at the folder each source is in. Hidden files are left out, a link is PATH_REFUSED. An
    archive that is there already is replaced, once the new one is whole. Outputs `path`, `count` of files and
    `size_bytes` of the archive.
    """
    names, target_name = _names(context), context.text("target")

    def work() -> Outcome:
        target = own_path(context, target_name)
        with told(f"write {target_name!r}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            with appearing_whole(target) as partial:
                count = _packed(context, names, partial)
            shown = context.run.files.shown(target)
            return Outcome({"path": shown, "count": count, "size_bytes": target.stat().st_size})

    return await in_thread(context, work)


def _names(context: NodeContext) -> list[str]:
    value = context.value("sources")
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise InvalidConfig(f"`sources` has to be a path or a list of paths, not {kind_of(value)}")
    return names


def _packed(context: NodeContext, names: list[str], partial: Path) -> int:
    allowance = allowance_of(context)
    with ZipFile(partial, "w", ZIP_DEFLATED) as archive:
        for name in names:
            source = context.run.files.resolve(name)
            if not source.exists():
                raise FileFailed(f"there is no file {name!r}")
            for path in _files_of(context, source):
                _add(context, archive, path, path.relative_to(source.parent), allowance)
        taken = archive.namelist()
    if len(set(taken)) < len(taken):
        raise FileFailed("two of the files would have the same name in the archive")
    return len(taken)


def _files_of(context: NodeContext, source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = []
    for entry in walk(source, context.run.cancel.check):
        if entry.is_symlink():
            raise PathRefused(f"{entry.name!r} is a link")
        if entry.is_file():
            found.append(Path(entry.path))
        if len(found) > context.run.limits.max_entries:
            raise FileFailed(f"there are more than {context.run.limits.max_entries:,} files in the folder")
    return found


def _add(context: NodeContext, archive: ZipFile, path: Path, name: Path, allowance: Allowance) -> None:
    allowance.entry()
    info = ZipInfo.from_file(path, name.as_posix(), strict_timestamps=False)
    info.compress_type = ZIP_DEFLATED
    try:
        info.filename.encode()
    except UnicodeEncodeError as error:
        raise FileFailed(f"an archive cannot hold the name {info.filename!r}, which is no text") from error
    with path.open("rb") as content, archive.open(info, "w") as out:
        while chunk := content.read(_CHUNK):
            context.run.cancel.check()
            allowance.take(len(chunk))
            out.write(chunk)


@nodes.register("archive.unzip")
async def unpack(context: NodeContext) -> Outcome:
    """Unpacks the zip archive `source` into `folder`, made when missing. Outputs `paths` of the files and `count`.

    Checked before anything is written: every name stays inside the folder, none is hidden, a link or encrypted, and all
    together have at most the files and bytes one step may write, whatever the archive's own size. A file that is there
    already is FILE_ERROR unless `overwrite` (false).
    """
    source_name, folder_name = context.text("source"), context.text("folder", ".")
    overwrite = context.flag("overwrite", default=False)

    def work() -> Outcome:
        files = context.run.files
        source = files.resolve(source_name)
        if not source.is_file():
            raise FileFailed(f"there is no file {source_name!r}")
        with told(f"unpack {source_name!r}"):
            try:
                with ZipFile(source) as archive:
                    places = _places(context, archive, folder_name, overwrite)
                    for info, place in places:
                        _extract(context, archive, info, place)
            except DAMAGED_ARCHIVE as error:
                raise FileFailed(f"{source_name!r} is not a zip archive that can be unpacked") from error
        paths = [files.shown(place) for info, place in places if not info.is_dir()]
        return Outcome({"paths": paths, "count": len(paths)})

    return await in_thread(context, work)


def _places(context: NodeContext, archive: ZipFile, folder: str, overwrite: bool) -> list[tuple[ZipInfo, Path]]:
    allowance = allowance_of(context)
    top = context.run.files.resolve(folder)
    places: dict[Path, ZipInfo] = {}
    for info in archive.infolist():
        allowance.entry()
        allowance.take(info.file_size)
        _check(info)
        place = context.run.files.resolve(str(top / info.filename))
        if not place.is_relative_to(top):
            raise PathRefused(f"the archive holds a path that leads out of the folder: {info.filename[:200]!r}")
        if place in places or (place.exists() and not (overwrite or info.is_dir())):
            raise FileFailed(f"{info.filename[:200]!r} is in the archive twice, or in the folder already")
        places[place] = info
    return [(info, place) for place, info in places.items()]


def _check(info: ZipInfo) -> None:
    name = PurePosixPath(info.filename)
    leads_out = name.is_absolute() or ".." in name.parts or "\\" in info.filename or ":" in info.filename
    if leads_out or not name.parts:
        raise PathRefused(f"the archive holds a path that leads out of the folder: {info.filename[:200]!r}")
    if S_ISLNK(info.external_attr >> 16):
        raise PathRefused(f"the archive holds a link: {info.filename[:200]!r}")
    if info.flag_bits & _ENCRYPTED:
        raise FileFailed("the archive is encrypted")


def _extract(context: NodeContext, archive: ZipFile, info: ZipInfo, place: Path) -> None:
    if info.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with appearing_whole(place) as partial, archive.open(info) as content, partial.open("wb") as out:
        while chunk := content.read(_CHUNK):
            context.run.cancel.check()
            out.write(chunk)
