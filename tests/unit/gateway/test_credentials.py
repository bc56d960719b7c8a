"""Which credential a request carries, before anything is verified (clarifications 7)."""

import pytest

from gateway.errors import CredentialMalformed, CredentialMissing
from gateway.identity import Credential, credential_in, split_query
from shared.web.credentials import format_api_key, hash_secret, parse_api_key

KEY = format_api_key("a1b2c3", "s" * 43)


def test_a_bearer_token_is_a_token_whatever_the_case_of_the_scheme() -> None:
    for scheme in (b"Bearer", b"bearer", b"BEARER"):
        assert credential_in([scheme + b" abc.def.ghi"], []) == Credential("token", "abc.def.ghi")


def test_an_api_key_may_stand_in_either_header() -> None:
    assert credential_in([], [KEY.encode()]) == Credential("api_key", KEY)
    assert credential_in([b"Bearer " + KEY.encode()], []) == Credential("api_key", KEY)


def test_the_key_header_wins_over_a_token() -> None:
    assert credential_in([b"Bearer abc.def.ghi"], [KEY.encode()]) == Credential("api_key", KEY)


def test_no_header_is_a_missing_credential() -> None:
    with pytest.raises(CredentialMissing):
        credential_in([], [])


@pytest.mark.parametrize(
    "authorization",
    [
        [b""],
        [b"Bearer"],
        [b"Bearer "],
        [b"Basic YWRtaW46YWRtaW4="],
        [b"abc.def.ghi"],
        [b"Bearer a", b"Bearer b"],
        [b"Bearer " + b"a" * 9000],
        ["Bearer ä".encode()],
    ],
)
def test_a_header_that_holds_no_credential_is_malformed(authorization: list[bytes]) -> None:
    with pytest.raises(CredentialMalformed):
        credential_in(authorization, [])


def test_two_key_headers_are_malformed() -> None:
    with pytest.raises(CredentialMalformed):
        credential_in([], [KEY.encode(), KEY.encode()])


def test_a_key_is_its_public_id_and_the_digest_of_its_secret() -> None:
    proof = parse_api_key(KEY)
    assert proof is not None
    assert (proof.key_id, proof.secret_hash) == ("a1b2c3", hash_secret("s" * 43))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crpa_",
        "crpa_id",
        "crpa_id_short",
        "crpa__" + "s" * 43,
        KEY + "\n",
        KEY.upper(),
        f"crpa_{'i' * 65}_{'s' * 43}",
    ],
)
def test_a_text_of_another_form_is_no_key(text: str) -> None:
    assert parse_api_key(text) is None


@pytest.mark.parametrize(
    ("query", "found", "rest"),
    [
        (b"", [], b""),
        (b"since=5&x=%20y", [], b"since=5&x=%20y"),
        (b"token=a.b.c", ["a.b.c"], b""),
        (b"since=5&api_key=k&x=%20y&x", ["k"], b"since=5&x=%20y&x"),
        (b"%74oken=a%2Bb&tokens=1", ["a+b"], b"tokens=1"),
        (b"token=a&token=b&api_key", ["a", "b", ""], b""),
        (b"&&token=a&", ["a"], b"&&"),
    ],
)
def test_a_query_is_parted_from_its_credentials(query: bytes, found: list[str], rest: bytes) -> None:
    assert split_query(query) == (found, rest)


def test_the_querys_credential_counts_where_no_header_has_one() -> None:
    assert credential_in([], [], ["abc.def.ghi"]) == Credential("token", "abc.def.ghi")
    assert credential_in([], [], [KEY]) == Credential("api_key", KEY)
    assert credential_in([b"Bearer abc.def.ghi"], [], [KEY]) == Credential("token", "abc.def.ghi")


@pytest.mark.parametrize("query", [[""], ["a", "b"], ["a" * 9000], ["ä"]])
def test_a_query_that_holds_no_credential_is_malformed(query: list[str]) -> None:
    with pytest.raises(CredentialMalformed):
        credential_in([], [], query)
