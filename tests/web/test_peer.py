"""Whom an address belongs to."""

import pytest

from bodyworn.web.peer import network_of


def test_in_ipv6_one_machine_calls_from_a_whole_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2")
    assert network_of("2001:db8::1") != network_of("2001:db8:0:1::1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2")


def test_in_ipv4_each_address_is_somebody_however_it_is_written() -> None:
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7")
    assert network_of("192.0.2.7") != network_of("192.0.2.8")


@pytest.mark.parametrize("host", ["::1", "127.0.0.1", "127.9.9.9"])
def test_this_machine_is_known_as_such(host: str) -> None:
    assert network_of(host).is_loopback
