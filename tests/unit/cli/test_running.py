"""What a running installation tells, and when that counts."""

import os
from pathlib import Path

import pytest

from cli.data_folder import DataFolder
from cli.errors import StartError
from cli.running import announced, is_in_use, running_installation


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.prepare()
    return made


def test_a_running_installation_is_found_while_it_holds_the_folder(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASARE_MONGODB_URL", "mongodb://127.0.0.1:1234")
    with folder.locked(), announced(folder, "http://127.0.0.1:8000"):
        found = running_installation(folder)
        assert found is not None
        assert (found.pid, found.url) == (os.getpid(), "http://127.0.0.1:8000")
        assert found.environment["CASARE_MONGODB_URL"] == "mongodb://127.0.0.1:1234"
        assert (folder.path / "running.json").stat().st_mode & 0o777 == 0o600
    assert running_installation(folder) is None
    assert not (folder.path / "running.json").exists()


def test_what_a_killed_one_left_behind_does_not_count(folder: DataFolder) -> None:
    (folder.path / "running.json").write_text('{"pid": 1, "url": "http://x", "environment": {}}')
    assert not is_in_use(folder)
    assert running_installation(folder) is None


def test_one_that_has_not_come_so_far_is_in_use_and_tells_nothing_yet(folder: DataFolder) -> None:
    with folder.locked():
        assert is_in_use(folder)
        assert running_installation(folder) is None


def test_looking_does_not_keep_a_start_away(folder: DataFolder) -> None:
    assert not is_in_use(folder)
    with folder.locked(), pytest.raises(StartError, match="in use"), folder.locked():
        pytest.fail("two hold the folder")


def test_a_folder_that_is_not_there_is_not_in_use(tmp_path: Path) -> None:
    assert not is_in_use(DataFolder(tmp_path / "nothing"))
