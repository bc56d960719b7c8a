"""The file of logins."""

import json
import stat
from pathlib import Path

import pytest

from cli.failures import ServerUnavailable, UsageProblem
from cli.profiles import Profile, ProfileStore, config_folder

URL = "http://one"


def profile(url: str = URL, token: str = "access") -> Profile:
    return Profile(url=url, username="u", access_token=token, refresh_token="refresh", access_expires_ms=5)


def test_what_is_put_is_got_by_its_address_only(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)

    assert store.get(URL) == profile()
    assert store.get("http://two") is None
    assert store.current() == URL


def test_a_second_login_leaves_the_first_in_place(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)
    store.put(profile("http://two"), make_current=True)
    store.put(profile(token="renewed"))

    assert store.current() == "http://two"
    assert store.get(URL) == profile(token="renewed")


def test_an_ended_login_is_gone_and_its_address_remembered(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)
    store.end(URL)
    store.end("http://never")

    assert store.get(URL) is None
    assert store.current() == URL
    assert "refresh" not in store.path.read_text()


def test_a_profile_with_a_name_stands_beside_the_one_of_its_address(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    named = Profile(URL, "ada", "access-2", "refresh-2", 5, name="prod")
    store.put(profile(), make_current=True)
    store.put(named, make_current=True)

    assert (store.get(URL), store.get("prod")) == (profile(), named)
    assert (store.current(), store.url_of("prod"), store.url_of("none")) == ("prod", URL, None)
    assert [(one.name, one.url, one.username, one.is_current) for one in store.known()] == [
        (URL, URL, "u", False),
        ("prod", URL, "ada", True),
    ]
    store.use(URL)
    assert store.name_at(URL) == store.current() == URL


def test_an_address_is_spoken_for_by_the_profile_in_use_else_by_its_own(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    assert store.name_at(URL) == URL
    store.put(Profile(URL, "u", "a", "r", 5, name="b"))
    store.put(Profile(URL, "u", "a", "r", 5, name="a"))
    assert store.name_at(URL) == "a"
    store.use("b")
    assert store.name_at(URL) == "b"
    store.use("elsewhere")
    store.put(profile())
    assert store.name_at(URL) == URL


def test_a_named_profile_remembers_its_address_after_its_login_has_ended(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(Profile(URL, "ada", "access", "refresh", 5, name="prod"), make_current=True)
    store.end("prod")

    assert store.get("prod") is None
    assert 'refresh"' not in store.path.read_text()
    assert [(one.url, one.username, one.is_logged_in) for one in store.known()] == [(URL, "ada", False)]
    store.remove("prod")
    assert (store.known(), store.current()) == ([], None)


def test_the_file_of_before_profiles_had_names_is_still_read(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    login = {"username": "u", "access_token": "access", "refresh_token": "refresh", "access_expires_ms": 5}
    store.path.write_text(json.dumps({"current": URL, "profiles": {URL: login}}))

    assert store.get(URL) == profile()
    assert store.url_of(URL) == URL
    store.put(profile())
    assert json.loads(store.path.read_text()) == {"current": URL, "profiles": {URL: login}}


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
    store = ProfileStore(tmp_path / "new")
    waits: list[float] = []
    with store.locked():
        with (
            pytest.raises(ServerUnavailable, match="for a minute"),
            store.locked(sleep=waits.append, monotonic=lambda: 60.0 * len(waits)),
        ):
            pytest.fail("the lock was given twice")
        assert len(waits) == 1
    with store.locked():
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_what_a_newer_version_wrote_beside_a_login_stays(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.put(profile(), make_current=True)
    content = json.loads(store.path.read_text())
    content["moon_phase"] = content["profiles"][URL]["moon_phase"] = "full"
    store.path.write_text(json.dumps(content))
    store.put(profile(token="renewed"))
    store.use("other")

    kept = json.loads(store.path.read_text())
    assert (kept["moon_phase"], kept["profiles"][URL]["moon_phase"]) == ("full", "full")
