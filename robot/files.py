"""Files of a workflow: inside the robot's working directory, bounded in size, written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robot.errors import FileFailed, PathRefused

# What common file systems take, in bytes.
MAX_PATH = 4_095
MAX_NAME = 255


class WorkingDirectory:
    """Resolves the paths a workflow names.

    A path that leads out of `root` (by `..`, an absolute path or a symbolic link) and hidden files inside it are
    refused, unless `allow_any` (`CASARE_ROBOT_ALLOW_ANY_PATH=on`): workflows come from people who may not read the
    robot's own key.
    """

    def __init__(self, root: Path, *, allow_any: bool = False) -> None:
        self.root = root.resolve()
        self._allow_any = allow_any

    @property
    def allows_any(self) -> bool:
        """Returns whether workflows may leave the directory."""
        return self._allow_any

    def resolve(self, name: str) -> Path:
        """Returns the absolute path for `name`. Raises PathRefused."""
        try:
            path = (self.root / name).resolve()
            too_long = (
                max(len(os.fsencode(part)) for part in path.parts) > MAX_NAME or len(os.fsencode(path)) > MAX_PATH
            )
        except (ValueError, OSError, RuntimeError) as error:
            raise PathRefused(f"not a usable path: {name!r}") from error
        if too_long:
            raise PathRefused(f"a path or a name in it is too long: {name[:100]!r}")
        if not self._allow_any:
            self._refuse_outside(path, name)
        return path

    def _refuse_outside(self, path: Path, name: str) -> None:
        if not path.is_relative_to(self.root):
            raise PathRefused(f"{name!r} is outside the robot's working directory")
        if any(part.startswith(".") for part in path.relative_to(self.root).parts):
            raise PathRefused(f"{name!r} is a hidden file")

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """Returns the file's bytes. Raises PathRefused, or FileFailed when it is missing or over `max_bytes`."""
        path = self.resolve(name)
        try:
            if not path.is_file():
                raise FileFailed(f"there is no file {name!r}")
            with path.open("rb") as file:
                content = file.read(max_bytes + 1)
        except OSError as error:
            raise FileFailed(f"cannot read {name!r}: {error.strerror}") from error
        if len(content) > max_bytes:
            raise FileFailed(f"{name!r} is larger than {max_bytes:,} bytes")
        return content

    def write(self, name: str, content: bytes) -> Path:
        """Replaces the file in one step, creating its folders; returns its path. Raises PathRefused or FileFailed."""
        path = self.resolve(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with appearing_whole(path) as partial:
                partial.write_bytes(content)
        except OSError as error:
            raise FileFailed(f"cannot write {name!r}: {error.strerror}") from error
        return path

    def shown(self, path: Path) -> str:
        """Returns the path as the workflow may name it again: relative where it is inside the directory."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)


@contextmanager
def appearing_whole(target: Path) -> Iterator[Path]:
    """Yields a file to write, which takes the target's place when the block ends well and else is gone."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".partial")
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        # mkstemp makes the file private; a report is for others to read.
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
