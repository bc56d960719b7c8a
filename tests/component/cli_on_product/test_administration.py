"""Keys, users, tenants, the audit, figures and profiles against the product."""

import csv
import io
import json
import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.component.cli_on_product.conftest import Casare
from tests.support.deployment import ADMIN_PASSWORD
from tests.support.eventually import wait_until
from tests.support.run import ROOT, private_folder

PASSWORD = "a long enough password"


@pytest.fixture
def user(casare: Casare) -> str:
    """An operator."""
    user = f"user-{secrets.token_hex(4)}"
    casare.done("user", "create", user, "--role", "operator", "--password-file", "-", stdin=PASSWORD)
    return user


def logged_in_as(casare: Casare, user: str, password: str) -> Casare:
    """The command of another person."""
    other = Casare(casare.url, private_folder("cli-other-home"))
    other.done("login", "--username", user, "--password-stdin", stdin=password)
    return other


def test_a_key_is_rotated_with_an_overlap_and_revoked(casare: Casare, name: str) -> None:
    made = casare.answer("key", "create", "--name", name)
    key_id = made["key"]["id"]

    rotated = casare.answer("key", "rotate", key_id, "--overlap", "2h")

    assert rotated["api_key"] != made["api_key"]
    shown = casare.answer("key", "show", key_id)
    assert (shown["status"], shown["rotated_to"]) == ("active", rotated["key"]["id"])
    assert "rotate that one" in casare.refused("key", "rotate", key_id, code=1)
    assert "not a duration" in casare.refused("key", "rotate", rotated["key"]["id"], "--overlap", "soon", code=2)
    assert "only this once" in casare.done("key", "rotate", rotated["key"]["id"], "--overlap", "0").stderr
    assert casare.answer("key", "revoke", key_id)["key"]["status"] == "revoked"
    assert made["api_key"] not in json.dumps(casare.answer("key", "list", "--all"))
    casare.refused("key", "show", "nosuch", code=4)


def test_a_user_is_changed_disabled_and_removed(casare: Casare, user: str) -> None:
    assert casare.answer("user", "show", user)["role"] == "operator"
    changed = casare.answer("user", "update", user, "--role", "viewer", "--display-name", "Ada")
    assert (changed["role"], changed["display_name"]) == ("viewer", "Ada")
    assert casare.answer("user", "disable", user)["disabled"] is True
    assert casare.answer("user", "enable", user)["disabled"] is False
    assert user in casare.done("user", "list").stdout
    assert "nothing to change" in casare.refused("user", "update", user, code=2)
    assert "--yes" in casare.refused("user", "delete", user, code=2)
    assert casare.answer("user", "delete", user, "--yes")["account_deleted"] is True
    casare.refused("user", "show", user, code=4)


def test_a_password_comes_from_a_file_or_a_terminal_only(casare: Casare, user: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("another long password\n")
    assert "--password-file" in casare.refused("user", "password", user, code=2)
    assert "--password-file" in casare.refused("user", "create", "bob", code=2)
    assert "Cannot read" in casare.refused("user", "password", user, "--password-file", str(tmp_path / "no"), code=2)

    casare.done("user", "password", user, "--password-file", str(file))

    other = logged_in_as(casare, user, "another long password")
    assert (other.answer("whoami")["user_id"], other.answer("whoami")["tenant_id"]) == (user, "default")


@pytest.mark.parametrize(
    ("present", "code", "said"),
    [(PASSWORD, 0, b"Your password is changed."), ("not that one", 3, b"Type the present password again.")],
)
def test_ones_own_password_is_changed_at_a_terminal(
    casare: Casare, user: str, present: str, code: int, said: bytes
) -> None:
    other = logged_in_as(casare, user, PASSWORD)
    assert "at a terminal" in other.refused("user", "password", code=2)
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "user", "password"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={name: value for name, value in {**os.environ, **other.env}.items() if value is not None},
        cwd=ROOT,
        start_new_session=True,
    )
    os.close(follower)
    shown = b""
    with process, os.fdopen(leader, "r+b", buffering=0) as terminal:
        for question, typed in (
            (b"present", present),
            (b"New password", "my new password"),
            (b"same", "my new password"),
        ):
            while question not in shown:
                shown += terminal.read(1000)
            terminal.write(f"{typed}\n".encode())
        assert process.wait(20) == code
        while said not in shown:
            shown += terminal.read(1000)
    assert b"my new password" not in shown


def test_what_a_role_does_not_permit_is_exit_code_3(casare: Casare, user: str) -> None:
    other = logged_in_as(casare, user, PASSWORD)

    for words in (["user", "list"], ["audit", "list"], ["key", "list"], ["tenant", "list"]):
        assert "casare login" in other.refused(*words, code=3)
    other.done("job", "list")


def test_a_tenant_has_members_and_can_be_closed(casare: Casare, user: str) -> None:
    tenant = f"tenant-{secrets.token_hex(4)}"
    assert casare.answer("tenant", "create", tenant, "--name", "Plant North")["name"] == "Plant North"
    assert casare.answer("tenant", "members", "add", tenant, user, "--role", "admin")["role"] == "admin"
    other = Casare(casare.url, private_folder("cli-tenant-home"))
    other.done("login", "-p", "north", "--username", user, "--tenant", tenant, "--password-stdin", stdin=PASSWORD)
    assert other.answer("whoami")["tenant_id"] == tenant
    assert other.answer("job", "list") == []
    casare.done("tenant", "members", "remove", tenant, user, "--yes")
    assert other("status").exit_code == 3
    assert casare.answer("tenant", "update", tenant, "--name", "North")["name"] == "North"
    assert "--yes" in casare.refused("tenant", "update", tenant, "--disable", code=2)
    assert casare.answer("tenant", "update", tenant, "--disable", "--yes")["disabled"] is True
    assert tenant in [one["tenant_id"] for one in casare.answer("tenant", "list", "--all")]
    assert casare.answer("tenant", "show", tenant)["disabled"] is True
    casare.refused("tenant", "show", "nosuch", code=4)


def test_the_audit_is_exported_as_a_whole(casare: Casare, user: str, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    wait_until(lambda: casare.answer("audit", "list", "--resource", user, "--since", "1h"), timeout_seconds=20)

    assert f"written to {file}" in casare.done("audit", "export", str(file)).stderr

    entries = [json.loads(line) for line in file.read_text().splitlines()]
    assert user in [entry["resource"]["id"] for entry in entries]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    rows = list(csv.DictReader(io.StringIO(casare.done("audit", "export", "-", "--format", "csv").stdout)))
    assert len(rows) >= len(entries)
    assert user in [row["resource_id"] for row in rows]
    assert "Cannot write" in casare.refused("audit", "export", str(tmp_path / "no" / "audit"), code=2)
    assert casare.answer("audit", "verify")["intact"] is True


def test_figures_are_shown(casare: Casare, workflow_id: str) -> None:
    casare.done("workflow", "run", workflow_id, "--wait")

    assert casare.answer("metrics", "fleet") == casare.answer("status")
    assert casare.answer("metrics", "analytics", "--days", "1")["failure_rate"] >= 0
    assert casare.answer("metrics", "robots")[0]["robot_id"] == "local-robot"
    assert casare.answer("metrics", "activity", "--since", "1h", "--limit", "5")
    for word in ("analytics", "activity", "robots", "fleet"):
        assert casare.done("metrics", word).stdout
    casare.refused("metrics", "analytics", "--days", "91", code=2)
    casare.refused("metrics", "activity", "--since", "x", code=2)


def test_profiles_keep_several_people_apart(casare: Casare, user: str) -> None:
    shared = Casare(casare.url, private_folder("cli-shared-home"))
    shared.done("login", "--profile", "boss", "--password-stdin", stdin=ADMIN_PASSWORD)
    shared.done("login", "--profile", "mate", "--username", user, "--password-stdin", stdin=PASSWORD)

    assert shared.answer("whoami")["user_id"] == user
    assert shared.answer("whoami", "--profile", "boss")["user_id"] == "admin"
    assert json.loads(shared("whoami", "-o", "json", CASARE_PROFILE="boss").stdout)["user_id"] == "admin"
    shared.done("profile", "use", "boss")
    assert shared.answer("whoami")["user_id"] == "admin"
    listed = yaml.safe_load(shared.done("profile", "list", "-o", "yaml").stdout)
    assert [(one["name"], one["is_current"]) for one in listed] == [("boss", True), ("mate", False)]
    shared.done("logout", "-p", "mate")
    assert "--profile mate" in shared.refused("status", "-p", "mate", code=3)
    assert shared.answer("profile", "show", "mate")["is_logged_in"] is False
    assert "--yes" in shared.refused("profile", "remove", "mate", code=2)
    shared.done("profile", "remove", "mate", "--yes")
    shared.refused("profile", "use", "mate", code=4)
    assert "access_token" not in shared.done("profile", "show", "-o", "json").stdout
