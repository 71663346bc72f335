// Package p2p is the network of a consortium: one libp2p host a member, connections only between
// members, and streams that say who is at the other end (specs/wire.md, "Transport"). It is the only
// importer of libp2p.
//
//	member A                                     member B
//	TCP ──────────────────────────────────────▶ listen
//	Noise XX, early data names yamux ◀─────────▶ peer ID of A proven   gate: is A admitted?
//	yamux stream: multistream /1.0.0, protocol, first message ────────▶ handler (peer A, protocol)
//
// TCP, Noise and yamux only: no QUIC, no relay, no DHT, no mDNS, no NAT mapping, no hole punching, no
// ping. Addresses come from the ledger alone; what a peer says of its own addresses (identify) is
// never dialled, so that no member can make another connect to places of its choosing.
//
// The gate asks [Config].Admit in both directions, before a stream exists, and again for each stream.
// Resources are bounded a connection, a peer, a protocol and in total; limits.go states the numbers.
//
// What leaks: to somebody on the wire, that two addresses talk, when and how much. To a stranger who
// dials, the node's public key (Noise sends it before the gate can know who asks) and that it speaks
// libp2p. To a member, the version string of the program family, and the protocols it serves.
package p2p
