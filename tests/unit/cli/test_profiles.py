"""The file of logins."""

import json
import stat
from pathlib import Path

import pytest

from cli.failures import UsageProblem
from cli.file_lock import exclusive
from cli.profiles import Profile, ProfileStore, config_folder

URL = "http://one"


def profile(url: str = URL, token: str = "access") -> Profile:
    return Profile(url=url, username="u", access_token=token, refresh_token="refresh", access_expires_ms=5)


def test_what_is_put_is_got_by_its_address_only(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)

    assert store.get(URL) == profile()
    assert store.get("http://two") is None
    assert store.current_url() == URL


def test_a_second_login_leaves_the_first_in_place(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)
    store.put(profile("http://two"), make_current=True)
    store.put(profile(token="renewed"))

    assert store.current_url() == "http://two"
    assert store.get(URL) == profile(token="renewed")


def test_a_removed_login_is_gone_and_its_address_remembered(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)
    store.remove(URL)
    store.remove("http://never")

    assert store.get(URL) is None
    assert store.current_url() == URL
    assert "refresh" not in store.path.read_text()


def test_a_file_others_could_read_is_closed_to_them_at_the_next_change(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile())
    store.path.chmod(0o644)
    store.put(profile())

    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"profiles": []}',
        '{"profiles": {"http://one": 1}}',
        '{"profiles": {"http://one": {}}}',
        json.dumps({"profiles": {URL: {"username": "u", "access_token": 1}}}),
    ],
)
def test_a_damaged_file_is_a_configuration_error_with_advice(tmp_path: Path, content: str) -> None:
    store = ProfileStore(tmp_path)
    store.path.write_text(content)

    with pytest.raises(UsageProblem, match="is damaged") as refusal:
        store.get(URL)
    assert "casare login" in refusal.value.advice


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile())
    unwritable = Profile(
        url=URL,
        username="u",
        access_token=b"not JSON",  # type: ignore[arg-type]  # makes the writing fail half way
        refresh_token="r",
        access_expires_ms=5,
    )

    with pytest.raises(TypeError):
        store.put(unwritable)
    assert store.get(URL) == profile()
    assert [path.name for path in tmp_path.iterdir()] == [store.path.name]


def test_tokens_are_not_in_a_profiles_repr() -> None:
    assert "access'" not in repr(profile())
    assert "refresh'" not in repr(profile())


def test_a_relative_configuration_folder_is_ignored() -> None:
    assert config_folder({"XDG_CONFIG_HOME": "/x"}) == Path("/x/casare")
    assert config_folder({"XDG_CONFIG_HOME": "x"}) == Path.home() / ".config" / "casare"
    assert config_folder({}) == Path.home() / ".config" / "casare"


def test_a_lock_is_held_until_its_block_ends(tmp_path: Path) -> None:
    waits: list[float] = []
    with exclusive(tmp_path / "lock", timeout_seconds=0):
        with (
            pytest.raises(TimeoutError),
            exclusive(tmp_path / "lock", timeout_seconds=1, sleep=waits.append, monotonic=lambda: float(len(waits))),
        ):
            pytest.fail("the lock was given twice")
        assert len(waits) == 1
    with exclusive(tmp_path / "lock", timeout_seconds=0):
        assert (tmp_path / "lock").exists()
