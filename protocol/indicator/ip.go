package indicator

import "net/netip"

// Reasons about IP addresses.
const (
	errIPForm   refusal = "not an IP address"
	errIPNet    refusal = "a network, not an address"
	errIPZone   refusal = "an address with a zone is local to one machine"
	errIPShared refusal = "not a public unicast address: private, shared, loopback, link-local, multicast or reserved"
)

// notPublic lists what identifies nobody on the internet (IANA special-purpose registries). The
// documentation ranges of RFC 5737 and RFC 3849 are not on it: examples live there.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // carrier-grade NAT: thousands of households
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("224.0.0.0/3"), // multicast, reserved, broadcast
}

// public6 is the one block of IPv6 from which unicast addresses are assigned.
var public6 = netip.MustParsePrefix("2000::/3")

// canonicalIP returns the address as netip writes it (RFC 5952 for IPv6), IPv4 in IPv6 unmapped.
// How long it counts is a matter of its label: [IPLifetimeDays].
func canonicalIP(s string, _ Options) (result, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		if _, err := netip.ParsePrefix(s); err == nil {
			return result{}, errIPNet
		}
		return result{}, errIPForm
	}
	if addr.Zone() != "" {
		return result{}, errIPZone
	}
	addr = addr.Unmap()
	if !isPublic(addr) {
		return result{}, errIPShared
	}
	return result{form: addr.String()}, nil
}

// isPublic reports whether an unmapped address may stand for somebody.
func isPublic(addr netip.Addr) bool {
	if addr.Is6() {
		return public6.Contains(addr)
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// IPLifetimeDays is how long an address counts after it was first seen: addresses change hands.
const IPLifetimeDays = 30
