package replica

import (
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// This file turns raft's own structs into the messages of message.go and back. A configuration
// crosses the wire as a list of servers, never as raft's msgpack, whose decoder panics.

// header is what raft sees as the sender of an RPC: the peer that Noise proved, nothing that was sent.
func header(peer string) raft.RPCHeader {
	return raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte(peer), Addr: []byte(peer)}
}

// toRequest makes a message of one of raft's requests.
func toRequest(command any) (request, error) {
	r := request{V: version}
	var err error
	switch c := command.(type) {
	case *raft.AppendEntriesRequest:
		r.Append, err = toAppend(c)
	case *raft.RequestVoteRequest:
		r.Vote = &voteRequest{c.Term, c.LastLogIndex, c.LastLogTerm, c.LeadershipTransfer}
	case *raft.RequestPreVoteRequest:
		r.PreVote = &voteRequest{c.Term, c.LastLogIndex, c.LastLogTerm, false}
	case *raft.TimeoutNowRequest:
		r.Timeout = &timeoutRequest{Now: true}
	case *raft.InstallSnapshotRequest:
		r.Snapshot, err = toSnapshot(c)
	default:
		err = fmt.Errorf("replica: no message for %T", command)
	}
	return r, err
}

func toAppend(c *raft.AppendEntriesRequest) (*appendRequest, error) {
	out := &appendRequest{Term: c.Term, PrevIndex: c.PrevLogEntry, PrevTerm: c.PrevLogTerm, Commit: c.LeaderCommitIndex}
	for i, l := range c.Entries {
		if l.Index != c.PrevLogEntry+1+uint64(i) || len(l.Extensions) != 0 {
			return nil, fmt.Errorf("replica: entry %d does not follow entry %d", l.Index, c.PrevLogEntry)
		}
		if l.Term > c.Term {
			// Raft still replicates in the term in which it led, from a log that a later leader has gone
			// on with. An honest voter says no such thing: it would be held against it.
			return nil, fmt.Errorf("replica: entry %d is of term %d, after term %d in which this node led", l.Index, l.Term, c.Term)
		}
		e, err := toEntry(l)
		if err != nil {
			return nil, err
		}
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

func toEntry(l *raft.Log) (logEntry, error) {
	e := logEntry{Term: l.Term, Kind: uint64(l.Type)}
	if !l.AppendedAt.IsZero() {
		e.At = l.AppendedAt.UnixNano()
	}
	if l.Type != raft.LogConfiguration {
		e.Data = l.Data
		return e, nil
	}
	var err error
	e.Servers, err = toServers(l.Data)
	return e, err
}

func toSnapshot(c *raft.InstallSnapshotRequest) (*snapshotRequest, error) {
	servers, err := toServers(c.Configuration)
	return &snapshotRequest{
		Term: c.Term, LastIndex: c.LastLogIndex, LastTerm: c.LastLogTerm,
		Servers: servers, ConfigIndex: c.ConfigurationIndex, Size: uint64(c.Size),
	}, err
}

// toServers reads a configuration of this node's own log.
func toServers(encoded []byte) (out []server, err error) {
	defer func() {
		if recover() != nil { // DecodeConfiguration has no error to return
			err = fmt.Errorf("%w: a configuration in the raft log does not decode", ErrCorrupt)
		}
	}()
	for _, s := range raft.DecodeConfiguration(encoded).Servers {
		out = append(out, server{ID: string(s.ID), Voter: s.Suffrage == raft.Voter})
	}
	return out, nil
}

func fromServers(servers []server) raft.Configuration {
	var c raft.Configuration
	for _, s := range servers {
		suffrage := raft.Nonvoter
		if s.Voter {
			suffrage = raft.Voter
		}
		c.Servers = append(c.Servers, raft.Server{Suffrage: suffrage, ID: raft.ServerID(s.ID), Address: raft.ServerAddress(s.ID)})
	}
	return c
}

// fromRequest makes raft's request of a checked message that came from peer.
func fromRequest(r request, peer string) any {
	h := header(peer)
	switch {
	case r.Append != nil:
		return fromAppend(r.Append, h)
	case r.Vote != nil:
		return &raft.RequestVoteRequest{
			RPCHeader: h, Term: r.Vote.Term,
			LastLogIndex: r.Vote.LastIndex, LastLogTerm: r.Vote.LastTerm, LeadershipTransfer: r.Vote.Transfer,
		}
	case r.PreVote != nil:
		return &raft.RequestPreVoteRequest{
			RPCHeader: h, Term: r.PreVote.Term,
			LastLogIndex: r.PreVote.LastIndex, LastLogTerm: r.PreVote.LastTerm,
		}
	case r.Timeout != nil:
		return &raft.TimeoutNowRequest{RPCHeader: h}
	}
	s := r.Snapshot
	return &raft.InstallSnapshotRequest{
		RPCHeader: h, SnapshotVersion: raft.SnapshotVersionMax, Term: s.Term,
		LastLogIndex: s.LastIndex, LastLogTerm: s.LastTerm,
		Configuration: raft.EncodeConfiguration(fromServers(s.Servers)), ConfigurationIndex: s.ConfigIndex,
		Size: int64(s.Size),
	}
}

func fromAppend(a *appendRequest, h raft.RPCHeader) *raft.AppendEntriesRequest {
	out := &raft.AppendEntriesRequest{
		RPCHeader: h, Term: a.Term,
		PrevLogEntry: a.PrevIndex, PrevLogTerm: a.PrevTerm, LeaderCommitIndex: a.Commit,
	}
	for i, e := range a.Entries {
		l := &raft.Log{Index: a.PrevIndex + 1 + uint64(i), Term: e.Term, Type: raft.LogType(e.Kind), Data: e.Data}
		if e.At != 0 {
			l.AppendedAt = time.Unix(0, e.At)
		}
		if l.Type == raft.LogConfiguration {
			l.Data = raft.EncodeConfiguration(fromServers(e.Servers))
		}
		out.Entries = append(out.Entries, l)
	}
	return out
}

// check refuses an entry that has another shape than its kind.
func (e *logEntry) check() error {
	ok := false
	switch raft.LogType(e.Kind) {
	case raft.LogCommand:
		ok = len(e.Servers) == 0 && len(e.Data) <= MaxCommand
	case raft.LogNoop, raft.LogBarrier:
		ok = len(e.Servers) == 0 && len(e.Data) == 0
	case raft.LogConfiguration:
		if err := checkServers(e.Servers); err != nil {
			return err
		}
		ok = len(e.Data) == 0
	}
	if !ok || e.Kind > uint64(raft.LogConfiguration) || e.Term == 0 {
		return fmt.Errorf("%w: shape of a log entry", ErrMessage)
	}
	return bounded(e.Term)
}

// toReply makes a message of one of raft's responses.
func toReply(response any, failure error) reply {
	out := reply{V: version}
	if failure != nil {
		out.Error = clip(failure.Error())
	}
	switch r := response.(type) {
	case *raft.AppendEntriesResponse:
		out.Term, out.OK, out.LastIndex, out.NoBackoff = r.Term, r.Success, r.LastLog, r.NoRetryBackoff
	case *raft.RequestVoteResponse:
		out.Term, out.OK = r.Term, r.Granted
	case *raft.RequestPreVoteResponse:
		out.Term, out.OK = r.Term, r.Granted
	case *raft.InstallSnapshotResponse:
		out.Term, out.OK = r.Term, r.Success
	}
	return out
}

// fromReply fills one of raft's responses from the answer of peer.
func fromReply(r reply, peer string, response any) {
	h := header(peer)
	switch out := response.(type) {
	case *raft.AppendEntriesResponse:
		*out = raft.AppendEntriesResponse{RPCHeader: h, Term: r.Term, LastLog: r.LastIndex, Success: r.OK, NoRetryBackoff: r.NoBackoff}
	case *raft.RequestVoteResponse:
		*out = raft.RequestVoteResponse{RPCHeader: h, Term: r.Term, Granted: r.OK}
	case *raft.RequestPreVoteResponse:
		*out = raft.RequestPreVoteResponse{RPCHeader: h, Term: r.Term, Granted: r.OK}
	case *raft.InstallSnapshotResponse:
		*out = raft.InstallSnapshotResponse{RPCHeader: h, Term: r.Term, Success: r.OK}
	case *raft.TimeoutNowResponse:
		*out = raft.TimeoutNowResponse{RPCHeader: h}
	}
}
