package replica

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/crosslight/crosslight/protocol/wire"
)

func sampleRequests() []any {
	h := header("peer")
	config := raft.EncodeConfiguration(fromServers([]server{{"a", true}, {"b", false}}))
	return []any{
		&raft.AppendEntriesRequest{RPCHeader: h, Term: 3},
		&raft.AppendEntriesRequest{
			RPCHeader: h, Term: 9, PrevLogEntry: 4, PrevLogTerm: 8, LeaderCommitIndex: 4,
			Entries: []*raft.Log{
				{Index: 5, Term: 8, Type: raft.LogCommand, Data: []byte("entry"), AppendedAt: time.Unix(1, 2)},
				{Index: 6, Term: 9, Type: raft.LogNoop},
				{Index: 7, Term: 9, Type: raft.LogConfiguration, Data: config},
				{Index: 8, Term: 9, Type: raft.LogBarrier},
			},
		},
		&raft.RequestVoteRequest{RPCHeader: h, Term: 3, LastLogIndex: 2, LastLogTerm: 1, LeadershipTransfer: true},
		&raft.RequestPreVoteRequest{RPCHeader: h, Term: 3, LastLogIndex: 2, LastLogTerm: 1},
		&raft.TimeoutNowRequest{RPCHeader: h},
		&raft.InstallSnapshotRequest{
			RPCHeader: h, SnapshotVersion: raft.SnapshotVersionMax, Term: 3,
			LastLogIndex: 2, LastLogTerm: 1, Configuration: config, ConfigurationIndex: 1, Size: 7,
		},
	}
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := wire.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequestsArriveAsTheyWereSent(t *testing.T) {
	for _, want := range sampleRequests() {
		framed, err := encodeRequest(want)
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.ReadFrame(bytes.NewReader(framed), MaxRequest)
		if err != nil {
			t.Fatal(err)
		}
		r, err := parseRequest(b)
		if err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		got := fromRequest(r, "peer")
		if a, ok := got.(*raft.AppendEntriesRequest); ok { // nil and empty data are one
			for i, l := range a.Entries {
				if len(l.Data) == 0 {
					a.Entries[i].Data = nil
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestNoMessageNamesItsSender(t *testing.T) {
	for _, r := range sampleRequests() {
		framed, err := encodeRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(framed, []byte("peer")) {
			t.Errorf("%T carries the sender's name", r)
		}
	}
}

func TestRepliesArriveAsTheyWereSent(t *testing.T) {
	h := header("peer")
	for _, want := range []any{
		&raft.AppendEntriesResponse{RPCHeader: h, Term: 4, LastLog: 7, Success: true, NoRetryBackoff: true},
		&raft.RequestVoteResponse{RPCHeader: h, Term: 4, Granted: true},
		&raft.RequestPreVoteResponse{RPCHeader: h, Term: 4, Granted: true},
		&raft.InstallSnapshotResponse{RPCHeader: h, Term: 4, Success: true},
		&raft.TimeoutNowResponse{RPCHeader: h},
	} {
		r, err := parseReply(encoded(t, toReply(want, nil)))
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		fromReply(r, "peer", got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	many := make([]logEntry, maxEntries+1)
	for i := range many {
		many[i] = logEntry{Term: 1}
	}
	ok := []server{{"a", true}}
	one := func(e logEntry) request {
		return request{V: 1, Append: &appendRequest{Term: 2, Entries: []logEntry{e}}}
	}
	for name, r := range map[string]request{
		"version 0":                {Timeout: &timeoutRequest{true}},
		"version 2":                {V: 2, Timeout: &timeoutRequest{true}},
		"nothing asked":            {V: 1},
		"two things asked":         {V: 1, Timeout: &timeoutRequest{true}, Vote: &voteRequest{Term: 1}},
		"a timeout that is none":   {V: 1, Timeout: &timeoutRequest{}},
		"append in term 0":         {V: 1, Append: &appendRequest{}},
		"append beyond 2^48":       {V: 1, Append: &appendRequest{Term: maxTerm + 1}},
		"previous beyond 2^48":     {V: 1, Append: &appendRequest{Term: 1, PrevIndex: 1<<64 - 1}},
		"commit beyond 2^48":       {V: 1, Append: &appendRequest{Term: 1, Commit: maxTerm + 1}},
		"too many entries":         {V: 1, Append: &appendRequest{Term: 1, Entries: many}},
		"entry of a later term":    one(logEntry{Term: 3}),
		"entry of term 0":          one(logEntry{}),
		"entry too large":          one(logEntry{Term: 1, Data: make([]byte, MaxCommand+1)}),
		"command with servers":     one(logEntry{Term: 1, Servers: ok}),
		"noop with data":           one(logEntry{Term: 1, Kind: 1, Data: []byte{1}}),
		"deprecated add peer":      one(logEntry{Term: 1, Kind: 2}),
		"deprecated remove peer":   one(logEntry{Term: 1, Kind: 3}),
		"unknown kind":             one(logEntry{Term: 1, Kind: 6}),
		"kind that wraps":          one(logEntry{Term: 1, Kind: 256}),
		"empty configuration":      one(logEntry{Term: 1, Kind: 5}),
		"configuration with data":  one(logEntry{Term: 1, Kind: 5, Servers: ok, Data: []byte{1}}),
		"server twice":             one(logEntry{Term: 1, Kind: 5, Servers: []server{{"a", true}, {"a", false}}}),
		"server without a name":    one(logEntry{Term: 1, Kind: 5, Servers: []server{{"", true}}}),
		"server with a long name":  one(logEntry{Term: 1, Kind: 5, Servers: []server{{string(make([]byte, 129)), true}}}),
		"vote beyond 2^48":         {V: 1, Vote: &voteRequest{Term: maxTerm + 1}},
		"pre-vote with transfer":   {V: 1, PreVote: &voteRequest{Term: 1, Transfer: true}},
		"snapshot too large":       {V: 1, Snapshot: &snapshotRequest{Term: 1, Servers: ok, Size: MaxSnapshot + 1}},
		"snapshot of nobody":       {V: 1, Snapshot: &snapshotRequest{Term: 1}},
		"snapshot index past 2^48": {V: 1, Snapshot: &snapshotRequest{Term: 1, Servers: ok, LastIndex: maxTerm + 1}},
	} {
		if _, err := parseRequest(encoded(t, r)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good := encoded(t, request{V: 1, Timeout: &timeoutRequest{true}})
	for i := range good {
		if _, err := parseRequest(good[:i]); err == nil {
			t.Errorf("truncated to %d bytes: accepted", i)
		}
	}
	if _, err := parseRequest(append(good, 0)); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestRefusedReplies(t *testing.T) {
	for name, r := range map[string]reply{
		"version":         {V: 2},
		"term":            {V: 1, Term: maxTerm + 1},
		"index":           {V: 1, LastIndex: maxTerm + 1},
		"long error text": {V: 1, Error: string(bytes.Repeat([]byte("x"), maxErrorText+1))},
	} {
		if _, err := parseReply(encoded(t, r)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if r := toReply(nil, errors.New(string(bytes.Repeat([]byte("x"), 1000)))); len(r.Error) == 0 || len(r.Error) > maxErrorText {
		t.Errorf("an error text of %d bytes is sent", len(r.Error))
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, r := range sampleRequests() {
		framed, err := encodeRequest(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(framed[wire.FrameHeaderSize:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err != nil {
			return
		}
		again, err := toRequest(fromRequest(r, "peer"))
		if err != nil {
			t.Fatalf("what was accepted cannot be sent: %v", err)
		}
		if !bytes.Equal(encoded(t, again), b) {
			t.Error("another encoding of the same request was accepted")
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Add(encoded(f, toReply(&raft.AppendEntriesResponse{Term: 1, Success: true}, nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseReply(b)
		if err == nil && !bytes.Equal(encoded(t, r), b) {
			t.Error("another encoding of the same reply was accepted")
		}
	})
}
