"""Archives as a broken disk or transfer leaves them."""

from pathlib import Path
from zipfile import ZipFile

_HEADER = 30


def damage(path: Path, part: str) -> None:
    """Changes the compressed bytes with which a part of the archive begins."""
    with ZipFile(path) as archive:
        start = archive.getinfo(part).header_offset + _HEADER + len(part)
    content = bytearray(path.read_bytes())
    content[start : start + 20] = bytes(byte ^ 0x5A for byte in content[start : start + 20])
    path.write_bytes(content)
