"""What changes of a user mean for their entry and their sessions."""

import pytest

from services.auth.domain.user import SharedAccount, User, UserChange
from shared.kernel.permissions import Role

NOW_MS = 1_000


def user(**tenants: Role) -> User:
    return User(user_id="maria", version=3, password_hash="hash", tenants=tenants, created_ms=0)


def test_every_change_is_a_new_version() -> None:
    maria = user(north=Role.VIEWER)
    afterwards = [
        maria.changed("north", UserChange(role=Role.ADMIN), NOW_MS),
        maria.with_own_password("other"),
        maria.joined("south", Role.VIEWER),
        maria.left("north", NOW_MS),
    ]
    assert {after.version for after in afterwards} == {4}


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        (UserChange(role=Role.ADMIN), False),
        (UserChange(role=Role.VIEWER), True),
        (UserChange(disabled=True), False),
        (UserChange(disabled=False), True),
        (UserChange(password_hash="other"), False),
        (UserChange(display_name="Maria", email="m@example.org"), True),
    ],
)
def test_sessions_outlive_only_what_does_not_change_how_they_began(change: UserChange, keeps: bool) -> None:
    after = user(north=Role.VIEWER).changed("north", change, NOW_MS)
    assert after.keeps_session("north", user_version=3) is keeps
    assert after.keeps_session("north", user_version=4)


def test_a_role_in_one_tenant_ends_no_session_in_another_but_an_own_password_ends_all() -> None:
    maria = user(north=Role.VIEWER, south=Role.VIEWER)
    assert maria.changed("north", UserChange(role=Role.ADMIN), NOW_MS).keeps_session("south", 3)
    changed = maria.with_own_password("other")
    assert not changed.keeps_session("north", 3)
    assert not changed.keeps_session("south", 3)


def test_what_counts_in_every_tenant_is_nobodys_to_change_who_administers_one() -> None:
    maria = user(north=Role.VIEWER, south=Role.VIEWER)
    for change in (UserChange(password_hash="x"), UserChange(display_name="M"), UserChange(email="m@x")):
        with pytest.raises(SharedAccount):
            maria.changed("north", change, NOW_MS)


def test_without_a_choice_a_user_enters_default_else_the_first_that_is_open() -> None:
    assert user(b=Role.VIEWER, default=Role.VIEWER, a=Role.VIEWER).home == "default"
    several = user(b=Role.VIEWER, default=Role.VIEWER, a=Role.VIEWER)
    shut_out = several.changed("default", UserChange(disabled=True), NOW_MS)
    assert shut_out.home == "a"
    assert shut_out.membership("default") is None
    assert user().home == ""


def test_a_disabled_administrator_administers_nothing() -> None:
    admin = user(north=Role.ADMIN)
    assert admin.is_admin_of("north")
    assert not admin.changed("north", UserChange(disabled=True), NOW_MS).is_admin_of("north")
    assert not admin.is_admin_of("south")


def test_the_account_goes_with_its_last_tenant_and_nothing_else_of_it_stays() -> None:
    maria = user(north=Role.VIEWER, south=Role.VIEWER).left("north", NOW_MS)
    assert (maria.tenants, maria.deleted_ms, maria.password_hash) == ({"south": Role.VIEWER}, None, "hash")
    gone = maria.left("south", NOW_MS)
    assert (gone.tenants, gone.deleted_ms, gone.password_hash) == ({}, NOW_MS, "")
    assert not gone.keeps_session("north", 3)
