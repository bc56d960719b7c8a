"""Which server a command speaks to."""

from pathlib import Path

import pytest

from cli.client.address import DEFAULT_URL, Server, choose_server, is_this_machine
from cli.failures import UsageProblem
from cli.profiles import Profile, ProfileStore


def test_the_option_wins_over_the_environment_and_that_over_the_last_login(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    environ = {"CASARE_URL": "http://environ"}
    assert choose_server(None, None, store, {"CASARE_URL": ""}).url == DEFAULT_URL
    store.put(Profile("http://last", "u", "a", "r", 0), make_current=True)

    assert choose_server("http://option", None, store, environ).url == "http://option"
    assert choose_server(None, None, store, environ).url == "http://environ"
    assert choose_server(None, None, store, {}).url == "http://last"


def test_a_profile_that_is_named_brings_its_server(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    environ = {"CASARE_URL": "http://environ"}
    store.put(Profile("http://prod", "u", "a", "r", 0, name="prod"))

    assert choose_server(None, "prod", store, environ) == Server("http://prod", "prod")
    assert choose_server("http://option", "prod", store, environ) == Server("http://option", "prod")
    assert choose_server(None, "new", store, environ) == Server("http://environ", "new")
    assert choose_server(None, "new", store, {}) == Server(DEFAULT_URL, "new")
    assert choose_server("http://prod", None, store, environ) == Server("http://prod", "prod")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://Host:80/", "http://host:80"),
        ("https://host/api/v1/", "https://host"),
        ("https://host/casare/api/v1", "https://host/casare"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        (" http://host ", "http://host"),
    ],
)
def test_an_address_has_one_form(tmp_path: Path, text: str, url: str) -> None:
    assert choose_server(text, None, ProfileStore(tmp_path), {}).url == url


@pytest.mark.parametrize("text", ["host", "host:1", "http://", "http://h?x", "http://h#x", "http://u@h", "http://h:p"])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageProblem, match="--url"):
        choose_server(text, None, ProfileStore(tmp_path), {})


def test_this_machine_is_known_by_its_loopback_addresses() -> None:
    assert all(is_this_machine(url) for url in (DEFAULT_URL, "http://localhost", "http://[::1]:1", "http://127.9.9.9"))
    assert not any(is_this_machine(url) for url in ("http://localhost.example.com", "http://10.0.0.1", "http://host"))
