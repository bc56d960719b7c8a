"""Whose address counts: forwarded ones only as far as proxies of ours vouch for them (clarifications 9)."""

import pytest

from gateway.client_address import ClientAddresses, bucket_key_of

PEER = ("10.0.0.1", 4711)


def address(trusted_proxies: int, *forwarded_for: str, peer: tuple[str, int] | None = PEER) -> str:
    return ClientAddresses(trusted_proxies).of(peer, [value.encode() for value in forwarded_for])


def test_without_trusted_proxies_a_forwarded_address_is_hearsay() -> None:
    assert address(0, "1.2.3.4") == "10.0.0.1"


def test_one_trusted_proxy_vouches_for_the_last_entry_only() -> None:
    assert address(1, "6.6.6.6, 1.2.3.4") == "1.2.3.4"


def test_two_trusted_proxies_vouch_for_the_last_but_one() -> None:
    assert address(2, "6.6.6.6, 1.2.3.4, 10.9.9.9") == "1.2.3.4"


def test_several_headers_are_one_list() -> None:
    assert address(2, "6.6.6.6", "1.2.3.4", "10.9.9.9") == "1.2.3.4"


def test_fewer_entries_than_proxies_mean_that_a_proxy_was_bypassed_and_the_peer_counts() -> None:
    assert address(3, "6.6.6.6, 1.2.3.4") == "10.0.0.1"


@pytest.mark.parametrize("entry", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "<script>", "999.1.1.1", "::gg"])
def test_an_entry_that_is_no_address_counts_as_none(entry: str) -> None:
    assert address(1, f"6.6.6.6, {entry}") == "10.0.0.1"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("1.2.3.4:5678", "1.2.3.4"),
        ("[2001:db8::1]:5678", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:0DB8:0:0::1", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_has_one_form_whatever_the_proxy_writes(entry: str, expected: str) -> None:
    assert address(1, entry) == expected


def test_a_peer_without_an_address_is_unknown() -> None:
    assert address(0, peer=None) == "unknown"
    assert address(0, peer=("", 0)) == "unknown"


def test_an_ipv6_subscriber_has_one_bucket_for_all_addresses_of_the_network() -> None:
    assert bucket_key_of("2001:db8:1:2::1") == bucket_key_of("2001:db8:1:2:ffff::9")
    assert bucket_key_of("2001:db8:1:2::1") != bucket_key_of("2001:db8:1:3::1")


def test_every_ipv4_address_has_a_bucket_of_its_own() -> None:
    assert bucket_key_of("1.2.3.4") != bucket_key_of("1.2.3.5")
