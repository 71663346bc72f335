// Package reserve sets loopback ports aside for nodes that are to be founded before they start. A card
// carries a node's port from the day it is made; a port that was merely seen to be free may be the
// source port of anybody's connection by the time the node listens on it, or listens again.
package reserve

import "fmt"

// Port returns a free TCP port of 127.0.0.1. Until release is called, the system gives it to nobody who
// does not ask for it by number; whoever does, can listen on it, as often as it likes. Other systems than
// Linux cannot hold a port without listening: there the port is only free at this moment.
func Port() (port int, release func(), err error) {
	port, release, err = hold()
	if err != nil {
		return 0, nil, fmt.Errorf("reserve a loopback port: %w", err)
	}
	return port, release, nil
}

// Address is Port as the multiaddr of a node.
func Address() (multiaddr string, release func(), err error) {
	port, release, err := Port()
	return fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", port), release, err
}
