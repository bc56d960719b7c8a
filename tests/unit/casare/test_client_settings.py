"""Where the client's server and credential come from."""

import json
from pathlib import Path
from typing import Any

import pytest

from casare import AsyncClient, Client, ConfigurationProblem, Retries
from casare._settings import Password, Settings, Stored, Token, settings

URL = "http://127.0.0.1:8123"


def chosen(folder: Path, environ: dict[str, str] | None = None, **given: Any) -> Settings:
    nothing: dict[str, Any] = dict.fromkeys(("url", "username", "password", "tenant_id", "token", "api_key", "profile"))
    given = {**nothing, "retries": Retries(), "timeout": 65.0, "verify": True, **given}
    return settings(given.pop("url"), **given, environ={"XDG_CONFIG_HOME": str(folder), **(environ or {})})


LOGIN = {"username": "ann", "access_token": "a-1", "refresh_token": "r-1", "access_expires_ms": 1}


def log_in(folder: Path, current: str | None = URL, **named: dict[str, Any]) -> None:
    """The file that the command writes: a login called by its address, and others by their names."""
    file = folder / "casare" / "profiles.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"current": current, "profiles": {URL: LOGIN, **named}}))


def test_arguments_come_before_the_environment_and_that_before_the_stored_login(tmp_path: Path) -> None:
    log_in(tmp_path)
    environ = {"CASARE_USERNAME": "env", "CASARE_PASSWORD": "p"}
    assert chosen(tmp_path, environ, token="t").credential == Token("t")
    assert chosen(tmp_path, {**environ, "CASARE_TOKEN": "e"}).credential == Token("e")
    assert chosen(tmp_path, environ).credential == Password("env", "p")
    assert isinstance(chosen(tmp_path).credential, Stored)


def test_the_address_is_the_argument_the_environments_the_last_logins_or_this_machines(tmp_path: Path) -> None:
    assert chosen(tmp_path, token="t").url == "http://127.0.0.1:8000"
    log_in(tmp_path)
    assert chosen(tmp_path).url == URL
    environ = {"CASARE_URL": "https://casare.example/"}
    assert chosen(tmp_path, environ, token="t").url == "https://casare.example"
    assert chosen(tmp_path, environ, token="t", url="https://other.example/api/v1/").url == "https://other.example"
    assert chosen(tmp_path, environ, profile=URL).url == URL


def test_a_profile_brings_its_address_and_its_login(tmp_path: Path) -> None:
    production = {**LOGIN, "url": "https://casare.example"}
    log_in(tmp_path, current="production", production=production, left={**production, "access_token": None})
    for found in (
        chosen(tmp_path),
        chosen(tmp_path, profile="production"),
        chosen(tmp_path, {"CASARE_PROFILE": "production", "CASARE_URL": URL}),
        chosen(tmp_path, {"CASARE_TOKEN": "t"}, profile="production"),
        chosen(tmp_path, url="https://casare.example"),
    ):
        assert found.url == "https://casare.example"
        assert isinstance(found.credential, Stored)
        assert found.credential.name == "production"
    assert chosen(tmp_path, {"CASARE_PROFILE": "production", "CASARE_TOKEN": "t"}).credential == Token("t")
    with pytest.raises(ConfigurationProblem, match="casare login --profile left"):
        chosen(tmp_path, profile="left")
    with pytest.raises(ConfigurationProblem, match="casare login --profile production"):
        chosen(tmp_path, profile="production", url=URL)
    with pytest.raises(ConfigurationProblem, match="casare login --profile nobody"):
        chosen(tmp_path, profile="nobody")


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    environ = {"CASARE_USERNAME": "ann", "CASARE_PASSWORD_FILE": str(secret)}
    assert chosen(tmp_path, environ).credential == Password("ann", "from a file")
    assert chosen(tmp_path, {"CASARE_TOKEN_FILE": str(secret)}).credential == Token("from a file")
    assert chosen(tmp_path, {"CASARE_TOKEN_FILE": str(secret), "CASARE_TOKEN": "t"}).credential == Token("t")
    with pytest.raises(ConfigurationProblem, match="CASARE_TOKEN_FILE"):
        chosen(tmp_path, {"CASARE_TOKEN_FILE": str(tmp_path / "nowhere")})


def test_without_a_credential_the_client_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match="casare login"):
        chosen(tmp_path)
    with pytest.raises(ConfigurationProblem, match="go together"):
        chosen(tmp_path, username="ann")
    with pytest.raises(ConfigurationProblem, match="go together"):
        chosen(tmp_path, {"CASARE_USERNAME": "ann"})
    with pytest.raises(ConfigurationProblem, match="one credential"):
        chosen(tmp_path, token="t", username="ann", password="p")


def test_the_file_of_logins_is_not_read_when_all_was_said(tmp_path: Path) -> None:
    log_in(tmp_path)
    (tmp_path / "casare" / "profiles.json").write_text("{")
    assert chosen(tmp_path, url=URL, token="t").url == URL
    assert chosen(tmp_path, {"CASARE_URL": URL, "CASARE_TOKEN": "t"}).url == URL
    with pytest.raises(ConfigurationProblem, match="damaged"):
        chosen(tmp_path, token="t")


def test_a_password_alone_is_one_for_the_login_command(tmp_path: Path) -> None:
    log_in(tmp_path)
    assert isinstance(chosen(tmp_path, {"CASARE_PASSWORD": "p", "CASARE_TOKEN": ""}).credential, Stored)


def test_a_login_is_used_only_where_it_was_made(tmp_path: Path) -> None:
    log_in(tmp_path)
    with pytest.raises(ConfigurationProblem, match="No credential"):
        chosen(tmp_path, url="http://127.0.0.1:9")


@pytest.mark.parametrize("url", ["", "casare.example", "ftp://casare.example", "https://ann:p@casare.example"])
def test_an_address_that_is_none_is_refused_without_showing_a_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationProblem) as refused:
        chosen(tmp_path, url=url, token="t")
    assert "ann:p" not in str(refused.value)


def test_a_token_is_taken_without_the_line_break_of_its_file(tmp_path: Path) -> None:
    assert chosen(tmp_path, token="s3cret\n").credential == Token("s3cret")
    assert chosen(tmp_path, {"CASARE_TOKEN": "s3cret\r\n"}).credential == Token("s3cret")


@pytest.mark.parametrize("token", ["", " ", "s3cret\ns3cret", "s3cr\u00e8t"])
def test_a_token_that_is_none_is_refused_without_showing_it(tmp_path: Path, token: str) -> None:
    log_in(tmp_path)
    for name in ("token", "api_key"):
        given: dict[str, Any] = {name: token}
        with pytest.raises(ConfigurationProblem, match="this is no token") as refused:
            chosen(tmp_path, **given)
        assert "s3c" not in str(refused.value)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match=r"no\.pem"):
        chosen(tmp_path, token="t", verify=tmp_path / "no.pem")


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    log_in(tmp_path)
    shown = [
        repr(Client(URL, token="s3cret")),
        repr(AsyncClient(URL, username="ann", password="s3cret")),
        repr(chosen(tmp_path, token="s3cret")),
        repr(chosen(tmp_path, username="ann", password="s3cret")),
    ]
    assert [text for text in shown if "s3cret" in text] == []
    stored = chosen(tmp_path).credential
    assert isinstance(stored, Stored)
    assert "a-1" not in repr(stored.file.get(URL))
