from pathlib import Path

import pytest

from robot.errors import FileFailed, PathRefused
from robot.files import WorkingDirectory


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path / "work"


@pytest.mark.parametrize("name", ["../secret.txt", "a/../../secret.txt", "/etc/passwd", "link/secret.txt", "a\x00b"])
def test_a_path_out_of_the_working_directory_is_refused(root: Path, name: str) -> None:
    (root / "link").symlink_to(root.parent)
    with pytest.raises(PathRefused):
        WorkingDirectory(root).read(name, max_bytes=100)


@pytest.mark.parametrize("name", [".key", ".data/admin.json", "a/.hidden"])
def test_hidden_files_are_refused(root: Path, name: str) -> None:
    with pytest.raises(PathRefused, match="hidden"):
        WorkingDirectory(root).write(name, b"x")


def test_any_path_is_allowed_where_the_setting_says_so(root: Path) -> None:
    assert WorkingDirectory(root, allow_any=True).read("../secret.txt", max_bytes=100) == b"secret"


def test_a_directory_may_itself_lie_in_a_hidden_folder(tmp_path: Path) -> None:
    root = tmp_path / ".hidden"
    root.mkdir()
    assert WorkingDirectory(root).write("out/a.txt", b"x").read_bytes() == b"x"


def test_writing_creates_folders_and_leaves_nothing_else_behind(root: Path) -> None:
    files = WorkingDirectory(root)
    files.write("a/b/report.json", b"first")
    path = files.write("a/b/report.json", b"second")
    assert path.read_bytes() == b"second"
    assert [each.name for each in path.parent.iterdir()] == ["report.json"]
    assert files.shown(path) == "a/b/report.json"


def test_a_write_that_fails_leaves_nothing_behind(root: Path) -> None:
    (root / "folder").mkdir()
    with pytest.raises(FileFailed):
        WorkingDirectory(root).write("folder", b"x")
    assert [each.name for each in root.iterdir()] == ["folder"]


def test_a_file_that_is_missing_or_too_large_is_an_error(root: Path) -> None:
    (root / "large.bin").write_bytes(b"12345")
    files = WorkingDirectory(root)
    assert files.read("large.bin", max_bytes=5) == b"12345"
    with pytest.raises(FileFailed, match="larger"):
        files.read("large.bin", max_bytes=4)
    with pytest.raises(FileFailed, match="no file"):
        files.read("missing.csv", max_bytes=4)
    with pytest.raises(FileFailed, match="no file"):
        files.read(".", max_bytes=4)
