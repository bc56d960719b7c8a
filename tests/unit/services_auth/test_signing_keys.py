"""Keys, their names, and the settings they come from."""

from base64 import b64encode, urlsafe_b64decode

import pytest

from services.auth.adapters.key_secrets import DerivedSecrets
from services.auth.adapters.signing_keys import SigningKey, SigningKeys
from services.auth.settings import DEVELOPMENT_SIGNING_KEY, AuthSettings
from shared.config import SettingsError, describe, load

RFC_8037_SEED = urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")


def test_a_key_is_named_by_the_thumbprint_of_rfc_8037_appendix_a3() -> None:
    key = SigningKey.from_seed(RFC_8037_SEED)

    assert key.x == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_two_keys_verify_and_no_other() -> None:
    keys = SigningKeys(bytes(32), RFC_8037_SEED)

    assert [key["kid"] for key in keys.as_jwks()] == [
        SigningKey.from_seed(bytes(32)).key_id,
        SigningKey.from_seed(RFC_8037_SEED).key_id,
    ]
    assert all(keys.verifying(key["kid"]) for key in keys.as_jwks())
    for unknown in ("", "x", None, 1, ["kid"]):
        assert keys.verifying(unknown) is None


def test_without_configuration_all_replicas_have_the_same_key() -> None:
    assert load(AuthSettings).signing_seed == load(AuthSettings).signing_seed


@pytest.mark.parametrize("value", ["too short", "%%%", b64encode(bytes(31)).decode(), b64encode(bytes(33)).decode()])
@pytest.mark.parametrize("name", ["token_signing_key", "token_previous_key"])
def test_a_key_that_is_not_32_bytes_is_refused_without_being_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"CASARE_{name.upper()}: .*base64 of 32 random bytes") as refusal:
        load(AuthSettings, **{name: value})

    assert value not in str(refusal.value)


def test_the_development_key_is_a_default_secret_in_either_place() -> None:
    settings = load(AuthSettings, token_previous_key=DEVELOPMENT_SIGNING_KEY)

    assert {"CASARE_TOKEN_SIGNING_KEY", "CASARE_TOKEN_PREVIOUS_KEY"} <= set(settings.default_secrets())
    own = load(AuthSettings, token_signing_key=b64encode(RFC_8037_SEED).decode())
    assert not {"CASARE_TOKEN_SIGNING_KEY", "CASARE_TOKEN_PREVIOUS_KEY"} & set(own.default_secrets())


def test_secrets_are_hidden_where_settings_are_shown() -> None:
    shown = describe(load(AuthSettings, admin_password="a password"))

    assert shown["CASARE_TOKEN_SIGNING_KEY"] == shown["CASARE_ADMIN_PASSWORD"] == "•••"


def test_the_contracts_lifetimes_and_limits_are_the_defaults() -> None:
    settings = load(AuthSettings)

    assert (settings.lifetimes.access_ms, settings.lifetimes.refresh_ms) == (3_600_000, 7 * 86_400_000)
    lockout = settings.lockout
    assert (lockout.max_failures, lockout.window_ms, lockout.lock_ms) == (5, 300_000, 900_000)
    assert (settings.password_memory_kib, settings.password_iterations) == (19_456, 2)


def test_a_derived_secret_differs_with_the_server_the_tenant_the_key_and_the_origin() -> None:
    one = DerivedSecrets(bytes(32))
    secrets = [
        one.derive("t", "k", "o"),
        one.derive("u", "k", "o"),
        one.derive("t", "l", "o"),
        one.derive("t", "k", "p"),
        one.derive("tk", "", "o"),
        DerivedSecrets(RFC_8037_SEED).derive("t", "k", "o"),
    ]

    assert len(set(secrets)) == len(secrets)
    assert one.derive("t", "k", "o") == secrets[0]
    assert len(bytes.fromhex(secrets[0])) == 32
