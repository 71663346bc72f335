package main

import (
	"net"
	"strings"
)

// anyIPv4 is the address that listens everywhere and that nobody can dial.
const anyIPv4 = "/ip4/0.0.0.0/"

// maxGuessed bounds how many of this machine's addresses stand in for anyIPv4.
const maxGuessed = 4

// dialable is what others can dial of the addresses that a node listens on: in place of "everywhere",
// this machine's own addresses, or loopback where it has none.
func dialable(listen []string) []string {
	out := []string{}
	for _, addr := range listen {
		rest, everywhere := strings.CutPrefix(addr, anyIPv4)
		if !everywhere {
			out = append(out, addr)
			continue
		}
		for _, ip := range ownIPv4() {
			out = append(out, "/ip4/"+ip+"/"+rest)
		}
	}
	return out
}

func ownIPv4() []string {
	addrs, err := net.InterfaceAddrs()
	out := []string{}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() && len(out) < maxGuessed {
			out = append(out, n.IP.String())
		}
	}
	if err != nil || len(out) == 0 {
		return []string{"127.0.0.1"}
	}
	return out
}
