import pytest

from robot.addresses import AddressRules, InternalAddress


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("168.63.129.16", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:db8::1"),
    ],
)
def test_an_internal_address_is_refused(address: str) -> None:
    rules = AddressRules.of(block_internal=True, allow=())
    with pytest.raises(InternalAddress):
        rules.check(address)
    AddressRules().check(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_a_public_address_is_not(address: str) -> None:
    AddressRules.of(block_internal=True, allow=()).check(address)


def test_what_the_configuration_lists_is_allowed() -> None:
    rules = AddressRules.of(block_internal=True, allow=("10.1.0.0/16", "[::1]", "API.lan", "*.corp.lan", "db:8080"))
    rules.check("10.1.2.3")
    rules.check("::1")
    with pytest.raises(InternalAddress):
        rules.check("10.2.0.1")
    assert rules.trusts("api.lan.", 80)
    assert rules.trusts("x.CORP.lan", 443)
    assert rules.trusts("db", 8080)
    assert not rules.trusts("db", 80)
    assert not rules.trusts("evil-api.lan", 80)
    assert AddressRules().trusts("anything", None)
