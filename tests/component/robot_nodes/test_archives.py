import zipfile
from pathlib import Path

import pytest

from tests.component.robot_nodes.damage import damage
from tests.component.robot_nodes.steps import Steps


def _archive(path: Path, *entries: tuple[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)


async def test_what_is_packed_comes_out_again(steps: Steps, tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("a")
    (tmp_path / "in/deep/b.txt").write_text("b" * 10_000)
    (tmp_path / "in/.hidden").write_text("h")
    packed = await steps.run("archive.zip", sources=["in", "in/a.txt"], target="out/x.zip")
    assert (packed["path"], packed["count"]) == ("out/x.zip", 3)
    assert packed["size_bytes"] == (tmp_path / "out/x.zip").stat().st_size < 1_000
    unpacked = await steps.run("archive.unzip", source="out/x.zip", folder="back")
    assert unpacked == {"paths": ["back/in/a.txt", "back/in/deep/b.txt", "back/a.txt"], "count": 3}
    assert (tmp_path / "back/in/deep/b.txt").read_text() == "b" * 10_000
    assert await steps.refused("archive.unzip", source="out/x.zip", folder="back") == "FILE_ERROR"
    await steps.run("archive.unzip", source="out/x.zip", folder="back", overwrite=True)


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "a/../../evil", "C:\\evil", "..\\evil", "a/.ssh/key", "way-out/evil"]
)
async def test_an_archive_that_leads_out_writes_nothing(steps: Steps, tmp_path: Path, name: str) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "to/way-out").symlink_to(outside)
    _archive(tmp_path / "x.zip", ("good.txt", b"good"), (name, b"evil"))
    assert await steps.refused("archive.unzip", source="x.zip", folder="to") == "PATH_REFUSED"
    assert list(outside.iterdir()) == []
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["way-out"]


async def test_a_link_in_an_archive_is_refused(steps: Steps, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert await steps.refused("archive.unzip", source="x.zip", folder="to") == "PATH_REFUSED"


async def test_a_bomb_does_not_go_off(steps: Steps, tmp_path: Path) -> None:
    _archive(tmp_path / "large.zip", ("zeros", bytes(2_000_000)))
    _archive(tmp_path / "many.zip", *((str(number), b"") for number in range(20)))
    bounded = steps.within(max_transfer_bytes=1_000_000, max_entries=10)
    for name in ("large.zip", "many.zip"):
        assert await bounded.refused("archive.unzip", source=name, folder="to") == "FILE_ERROR"
    assert not (tmp_path / "to").exists()


async def test_an_archive_that_lies_about_its_sizes_gives_no_more_than_it_says(steps: Steps, tmp_path: Path) -> None:
    _archive(tmp_path / "x.zip", ("zeros", bytes(2_000_000)))
    content = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(content.replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert await steps.refused("archive.unzip", source="x.zip", folder="to") == "FILE_ERROR"
    assert not (tmp_path / "to" / "zeros").exists()


async def test_what_is_no_archive_is_told(steps: Steps, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no")
    assert await steps.refused("archive.unzip", source="x.zip") == "FILE_ERROR"
    assert await steps.refused("archive.unzip", source="none.zip") == "FILE_ERROR"
    assert await steps.refused("archive.zip", sources=[], target="y.zip") == "INVALID_CONFIG"
    assert await steps.refused("archive.zip", sources="none", target="y.zip") == "FILE_ERROR"
    assert not (tmp_path / "y.zip").exists()


async def test_an_archive_damaged_on_its_way_is_told(steps: Steps, tmp_path: Path) -> None:
    _archive(tmp_path / "x.zip", ("a", bytes(range(256)) * 20))
    damage(tmp_path / "x.zip", "a")
    assert await steps.refused("archive.unzip", source="x.zip", folder="to") == "FILE_ERROR"
    assert not any((tmp_path / "to").iterdir())


async def test_a_name_that_is_no_text_is_not_packed(steps: Steps, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "\udcff.txt").touch()
    assert await steps.refused("archive.zip", sources="in", target="x.zip") == "FILE_ERROR"
    assert not (tmp_path / "x.zip").exists()
