"""Logging in and out, and the file that keeps logins."""

import json
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from tests.component.cli.conftest import Casare
from tests.component.cli.fake_api import PASSWORD, FakeApi, problem
from tests.support.eventually import wait_until
from tests.support.ports import free_port


def test_a_login_is_kept_in_a_file_nobody_else_can_read(casare: Casare, api: FakeApi) -> None:
    outcome = casare("login", "--password-stdin", stdin=f"{PASSWORD}\n")

    assert outcome.exit_code == 0
    kept = json.loads(casare.profiles.read_text())
    assert kept["current"] == api.url
    assert kept["profiles"][api.url]["username"] == "admin"
    assert stat.S_IMODE(casare.profiles.stat().st_mode) == 0o600
    assert stat.S_IMODE(casare.profiles.parent.stat().st_mode) == 0o700
    assert [path.name for path in casare.profiles.parent.iterdir() if path.name.startswith(".")] == []


def test_no_token_and_no_password_is_ever_printed(casare: Casare) -> None:
    outcome = casare("login", "--password-stdin", stdin=PASSWORD)

    assert "access-" not in outcome.output
    assert "refresh-" not in outcome.output
    assert PASSWORD not in outcome.output


@pytest.mark.parametrize("variable", ["CASARE_PASSWORD", "CASARE_ADMIN_PASSWORD"])
def test_the_password_can_come_from_the_environment(casare: Casare, variable: str) -> None:
    assert casare("login", **{variable: PASSWORD}).exit_code == 0


def test_the_admins_password_is_not_sent_for_another_user(casare: Casare, api: FakeApi) -> None:
    outcome = casare("login", "--username", "somebody", CASARE_ADMIN_PASSWORD=PASSWORD)

    assert outcome.exit_code == 2
    assert "--password-stdin" in outcome.stderr
    assert api.requests == []


def test_a_wrong_password_is_refused_in_one_line(casare: Casare) -> None:
    outcome = casare("login", "--password-stdin", stdin="wrong")

    assert outcome.exit_code == 3
    assert outcome.stderr == "error: Invalid credentials. Check the user name and the password.\n"
    assert not casare.profiles.exists()


def test_a_locked_account_is_not_waited_for(casare: Casare, api: FakeApi) -> None:
    api.failing["/auth/login"] = [problem(429, "Too many failed attempts.", headers={"Retry-After": "900"})]

    outcome = casare("login", "--password-stdin", stdin=PASSWORD)

    assert outcome.exit_code == 5
    assert "Try again in 15 min." in outcome.stderr


def test_sending_a_password_unencrypted_to_another_machine_is_warned_about(casare: Casare, api: FakeApi) -> None:
    # Reaches this machine, but is none of its loopback addresses.
    url = api.url.replace("127.0.0.1", "0.0.0.0")

    outcome = casare("login", "--url", url, "--password-stdin", stdin=PASSWORD, NO_PROXY="*")

    assert outcome.exit_code == 0
    assert "is not encrypted" in outcome.stderr
    assert "is not encrypted" not in casare("login", "--password-stdin", stdin=PASSWORD).stderr


def test_the_password_is_asked_for_without_showing_it(casare: Casare) -> None:
    leader, follower = os.openpty()
    process = subprocess.Popen(
        casare.command("login"),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=casare.environment(),
        start_new_session=True,
    )
    os.close(follower)
    with process, os.fdopen(leader, "r+b", buffering=0) as terminal:
        shown = terminal.read(1000)
        while b"Password of admin" not in shown:
            shown += terminal.read(1000)
        terminal.write(f"{PASSWORD}\n".encode())
        assert process.wait(10) == 0
        shown += terminal.read(1000)
    assert PASSWORD.encode() not in shown
    assert casare.profiles.exists()


def test_without_a_login_a_command_says_how_to_log_in(casare: Casare, api: FakeApi) -> None:
    outcome = casare("status")

    assert outcome.exit_code == 3
    assert outcome.stderr == f"error: Not logged in at {api.url}. Run: casare login\n"
    assert outcome.stdout == ""


def test_a_login_is_only_used_where_it_was_made(logged_in: Casare, api: FakeApi) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"

    outcome = logged_in("status", CASARE_URL=elsewhere)

    assert outcome.exit_code == 3
    assert f"Not logged in at {elsewhere}" in outcome.stderr


def test_without_casare_url_the_server_of_the_last_login_is_used(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/metrics/fleet"] = {"total_robots": 1}
    logged_in.env["CASARE_URL"] = None

    assert logged_in("status").exit_code == 0


def test_logging_out_ends_the_login_on_both_sides(logged_in: Casare, api: FakeApi) -> None:
    assert logged_in("logout").exit_code == 0

    assert api.refresh is None
    assert "access-" not in logged_in.profiles.read_text()
    assert logged_in("status").exit_code == 3


def test_logging_out_deletes_the_tokens_even_when_the_server_cannot_be_told(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/auth/logout"] = [problem(500, "Unexpected error.")]

    outcome = logged_in("logout")

    assert outcome.exit_code == 5
    assert "deleted here" in outcome.stderr
    assert "refresh-" not in logged_in.profiles.read_text()


def test_logging_out_twice_is_no_error(logged_in: Casare) -> None:
    assert logged_in("logout").exit_code == 0
    assert logged_in("logout").exit_code == 0


def test_a_folder_that_cannot_be_used_is_a_configuration_error(casare: Casare, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    outcome = casare("login", "--password-stdin", stdin=PASSWORD, XDG_CONFIG_HOME=str(tmp_path / "file"))

    assert outcome.exit_code == 2
    assert "XDG_CONFIG_HOME" in outcome.stderr


def test_a_process_killed_while_it_renews_leaves_a_login_that_can_be_made_anew(logged_in: Casare, api: FakeApi) -> None:
    expire(logged_in)
    api.may_renew.clear()
    killed = logged_in.start("job", "list", name="killed")
    assert api.renewing.wait(10)
    killed.kill_hard()
    api.may_renew.set()

    outcome = logged_in("job", "list")
    assert outcome.exit_code == 3
    assert "has ended. Run: casare login" in outcome.stderr
    logged_in.log_in()
    api.answers["/jobs"] = {"jobs": []}
    assert logged_in("job", "list").exit_code == 0


def test_an_expired_access_token_is_renewed_and_the_new_tokens_kept(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/jobs"] = {"jobs": []}
    expire(logged_in)

    assert logged_in("job", "list").exit_code == 0

    kept = json.loads(logged_in.profiles.read_text())["profiles"][api.url]
    assert (kept["access_token"], kept["refresh_token"]) == ("access-2", "refresh-2")
    assert stat.S_IMODE(logged_in.profiles.stat().st_mode) == 0o600


def test_a_token_refused_before_its_time_is_renewed_once(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/jobs"] = {"jobs": []}
    api.access.clear()

    assert logged_in("job", "list").exit_code == 0
    assert len(api.asked("POST", "/auth/refresh")) == 1


def test_a_revoked_login_is_forgotten(logged_in: Casare, api: FakeApi) -> None:
    api.end_all_sessions()

    outcome = logged_in("job", "list")

    assert outcome.exit_code == 3
    assert "has ended. Run: casare login" in outcome.stderr
    assert "refresh-" not in logged_in.profiles.read_text()


def test_a_token_with_time_left_is_used_while_renewal_is_down(casare: Casare, api: FakeApi) -> None:
    api.expires_in = 30
    casare.log_in()
    api.answers["/jobs"] = {"jobs": []}
    api.failing["/auth/refresh"] = [problem(503, "No store.", headers={"Retry-After": "60"})]

    assert casare("job", "list").exit_code == 0


def test_a_renewal_that_may_have_been_done_is_not_repeated(logged_in: Casare, api: FakeApi) -> None:
    expire(logged_in)
    api.failing["/auth/refresh"] = [problem(503, "A service did not answer.", headers={"Retry-After": "0"})]

    outcome = logged_in("job", "list")

    assert (outcome.exit_code, len(api.asked("POST", "/auth/refresh"))) == (5, 1)
    assert "Try again in 0 s" in outcome.stderr


def test_two_processes_at_once_spend_a_refresh_token_once(logged_in: Casare, api: FakeApi) -> None:
    api.answers["/jobs"] = {"jobs": []}
    expire(logged_in)
    api.may_renew.clear()
    first = logged_in.start("job", "list", name="first")
    assert api.renewing.wait(10)
    second = logged_in.start("job", "list", name="second")
    wait_until(lambda: has_opened_lock(second.pid), timeout_seconds=10)
    api.may_renew.set()

    assert (first.wait(10), second.wait(10)) == (0, 0), first.output() + second.output()
    assert len(api.asked("POST", "/auth/refresh")) == 1
    assert api.n_reused == 0


def has_opened_lock(pid: int) -> bool:
    """Whether the process waits for the profiles' lock, or has it."""
    import psutil

    return any(file.path.endswith("profiles.lock") for file in psutil.Process(pid).open_files())


def expire(casare: Casare) -> None:
    """As if an hour had gone by since the last renewal."""
    content = json.loads(casare.profiles.read_text())
    for profile in content["profiles"].values():
        profile["access_expires_ms"] = 0
    casare.profiles.write_text(json.dumps(content))


def test_a_login_without_a_name_does_not_take_the_place_of_somebody_elses(casare: Casare, api: FakeApi) -> None:
    assert casare("login", "--profile", "boss", "--password-stdin", stdin=PASSWORD).exit_code == 0
    profiles = json.loads(casare.profiles.read_text())
    profiles["profiles"]["boss"]["username"] = "boss"
    casare.profiles.write_text(json.dumps(profiles))

    assert casare("login", "--password-stdin", stdin=PASSWORD).exit_code == 0

    kept = json.loads(casare.profiles.read_text())
    assert set(kept["profiles"]) == {"boss", api.url}
    assert kept["current"] == api.url


def test_logging_in_again_without_a_name_renews_the_profile_in_use(casare: Casare) -> None:
    for words in (["--profile", "boss"], []):
        outcome = casare("login", *words, "--password-stdin", stdin=PASSWORD)
        assert "The profile is called boss." in outcome.stderr

    assert list(json.loads(casare.profiles.read_text())["profiles"]) == ["boss"]


def test_a_profiles_tokens_are_not_sent_to_another_address(casare: Casare, api: FakeApi) -> None:
    assert casare("login", "--profile", "boss", "--password-stdin", stdin=PASSWORD).exit_code == 0
    profiles = json.loads(casare.profiles.read_text())
    profiles["profiles"]["boss"]["url"] = api.url.replace("127.0.0.1", "localhost")
    casare.profiles.write_text(json.dumps(profiles))

    outcome = casare("status")

    assert outcome.exit_code == 3
    assert api.asked("GET", "/metrics/fleet") == []


def test_a_request_that_hangs_is_left_by_ctrl_c_without_a_word(logged_in: Casare, api: FakeApi) -> None:
    api.failing["/metrics/fleet"] = [problem(503, "Not now.", headers={"Retry-After": "29"})]
    process = logged_in.start("status", name="status")
    process.wait_for_line("asks to wait")

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 130
    assert len(process.output().strip().splitlines()) == 1
