"""Who is at the other end of a connection, for the bounds on what one of them may cost.

An address is no identity: it says whom to slow down, never whom to believe. What a proxy writes
into headers is not read, because anybody can write it.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def network_of(host: str) -> Network:
    """Whom an address belongs to: in IPv6 one machine has a whole /64 to call from (RFC 4291).

    >>> str(network_of("2001:db8::7:1")), str(network_of("192.0.2.7"))
    ('2001:db8::/64', '192.0.2.7/32')
    """
    address = ip_address(host.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = 64 if address.version == 6 and not address.is_loopback else address.max_prefixlen
    return ip_network((address, bits), strict=False)
