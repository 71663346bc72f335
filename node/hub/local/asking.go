package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/ledger/policy"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/privacy/voprf"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/session"
	"github.com/crosslight/crosslight/protocol/wire"
)

// answerWithin is how long a holder may take for one answer.
const answerWithin = 30 * time.Second

// peerFaults are the ways in which a holder breaks the protocol, as opposed to going away.
var peerFaults = []error{
	wire.ErrMalformed, wire.ErrNotCanonical, wire.ErrTooLarge,
	session.ErrVersion, session.ErrHeader, session.ErrSignature, session.ErrTurn, session.ErrReceipt,
	session.ErrElements, session.ErrManifest, session.ErrRollback, session.ErrFork, session.ErrPart,
	session.ErrLedger, session.ErrParty, voprf.ErrElement, index.ErrLabel, index.ErrContext, index.ErrHeader, mirror.ErrBytes,
}

// asking is one worker: it has a stream to the holder and works through jobs.
type asking struct {
	hub      *Hub
	plan     *plan
	exchange *exchange
	indexed  *indexing
	stream   p2p.Stream // opened at the first job
}

// work takes jobs until there are none or the exchange has failed. A refusal of one type ends its job
// alone: the budget for phones may be spent while that for images is not.
func (a *asking) work(ctx context.Context, queue <-chan job) {
	defer a.hangUp()
	for j := range queue {
		if err := a.exchange.failed(); err != nil && !narrow(err) {
			return
		}
		if err := a.persist(ctx, j); err != nil {
			a.exchange.fail(err)
			a.hub.cfg.Log.Warn("a holder did not answer in full", "holder", a.exchange.holder.Name, "type", string(j.typ), "error", err)
		}
	}
}

// narrow says whether a fault concerns one indicator type and leaves the others to be asked.
func narrow(err error) bool {
	var r *session.Refusal
	if !errors.As(err, &r) {
		return false
	}
	switch r.Code {
	case session.BudgetSpent, session.NotPermitted, session.EpochOver, session.Overloaded:
		return true
	}
	return false
}

// An overloaded holder is asked again so often, each time after as long as it said, but never after
// more than maxPause: a holder must not be able to put a query to sleep.
const (
	maxRetries = 5
	maxPause   = 10 * time.Second
)

// persist runs a job, and what is left of it again when the holder was overloaded.
func (a *asking) persist(ctx context.Context, j job) error {
	for try := 0; ; try++ {
		rest, err := a.run(ctx, j)
		if err == nil {
			return nil
		}
		a.hangUp() // what is in flight is of no use any more
		var r *session.Refusal
		if !errors.As(err, &r) || r.Code != session.Overloaded || try == maxRetries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(min(r.RetryAfter, maxPause)):
		}
		j.questions = rest
	}
}

func (a *asking) hangUp() {
	if a.stream != nil {
		_ = a.stream.Reset() // everything that was wanted has been read
		a.stream = nil
	}
}

// flight is a request on its way: what was blinded, and what was sent, as evidence.
type flight struct {
	questions []question
	blinded   *voprf.Request
	sent      []byte
}

// run asks about one job in batches, a window of them in flight, so that this node blinds the next
// batch while the holder evaluates the last. After an error it returns the questions without an answer.
func (a *asking) run(ctx context.Context, j job) (rest []question, err error) {
	rest = j.questions
	permit := a.exchange.permits[j.typ]
	public := permit.PublicKey()
	client, err := voprf.NewClient(public[:])
	if err != nil {
		return rest, err
	}
	machine, err := a.machine(permit, j)
	if err != nil {
		return rest, err
	}
	if err := a.connect(ctx); err != nil {
		return rest, err
	}
	stop := context.AfterFunc(ctx, func() { _ = a.stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var inFlight []flight
	for unsent := rest; len(rest) > 0; {
		for len(unsent) > 0 && machine.Ready() {
			n := min(batch, len(unsent))
			f, err := a.send(client, machine, unsent[:n])
			if err != nil {
				return rest, err
			}
			inFlight, unsent = append(inFlight, f), unsent[n:]
		}
		if err := a.receive(ctx, machine, permit, j, inFlight[0]); err != nil {
			return rest, err
		}
		rest, inFlight = rest[len(inFlight[0].questions):], inFlight[1:]
	}
	return nil, nil
}

func (a *asking) machine(permit ledger.Permit, j job) (*session.Asker, error) {
	ask := a.plan.ask
	ask.Epoch, ask.Type = permit.Epoch(), string(j.typ)
	return session.NewAsker(session.AskerConfig{
		Ask: ask, Key: a.hub.cfg.Ring.Private(member.Node), Holder: a.exchange.holder.Keys.Node,
	})
}

func (a *asking) connect(ctx context.Context) (err error) {
	if a.stream != nil {
		return nil
	}
	a.stream, err = a.hub.cfg.Host.Open(ctx, a.exchange.holder.PeerID, session.QueryProtocol)
	return err
}

// send blinds a batch and sends it.
func (a *asking) send(client *voprf.Client, machine *session.Asker, part []question) (flight, error) {
	inputs := make([][]byte, len(part))
	for i := range part {
		inputs[i] = part[i].digest[:]
	}
	a.hub.crypto <- struct{}{}
	blinded, err := client.Blind(inputs)
	<-a.hub.crypto
	if err != nil {
		return flight{}, err
	}
	_, msg, err := machine.Ask(blinded.Elements())
	if err != nil {
		return flight{}, err
	}
	if err := a.stream.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return flight{}, err
	}
	return flight{part, blinded, msg}, wire.WriteFrame(a.stream, msg)
}

// receive reads the answer to the oldest request, checks its proof against the key on the ledger, and
// looks the outputs up.
func (a *asking) receive(ctx context.Context, machine *session.Asker, permit ledger.Permit, j job, f flight) error {
	if err := a.stream.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	msg, err := wire.ReadFrame(a.stream, session.MaxResponse)
	if err != nil {
		return err
	}
	answer, err := machine.Receive(msg)
	if err != nil {
		return err
	}
	a.hub.crypto <- struct{}{}
	outputs, err := f.blinded.Finalize(answer.Evaluated, answer.Proof)
	<-a.hub.crypto
	a.exchange.count(len(f.questions), err == nil)
	if err != nil {
		a.hub.cfg.Metrics.ProofsFailed.WithLabelValues(a.exchange.holder.Name).Add(float64(len(f.questions)))
		return errors.Join(err, a.keep(permit, f.sent, msg))
	}
	a.hub.cfg.Metrics.ProofsVerified.Add(float64(len(f.questions)))
	return a.lookUp(ctx, permit, j, f.questions, outputs)
}

func (e *exchange) count(n int, proved bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.evaluated += int64(n)
	if proved {
		e.proved += int64(n)
	}
}

// keep saves a false proof as evidence: both messages are signed, the key stands on the ledger.
func (a *asking) keep(permit ledger.Permit, sent, got []byte) error {
	public := permit.PublicKey()
	path, err := evidence.Save(a.hub.cfg.Evidence, evidence.Record{
		Kind: "false-proof", Accused: a.exchange.holder.PeerID, Ledger: a.hub.cfg.LedgerID[:],
		Key: public[:], Request: sent, Response: got,
	}, a.hub.cfg.Now())
	if err != nil {
		return err
	}
	a.hub.cfg.Log.Error("a holder's proof is false; the evidence is kept", "holder", a.exchange.holder.Name, "file", path)
	return nil
}

// lookUp searches the holder's mirrored index for the outputs, as soon as the mirror is up to date.
func (a *asking) lookUp(ctx context.Context, permit ledger.Permit, j job, asked []question, outputs []voprf.Output) error {
	select {
	case <-a.indexed.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	ref := mirror.Ref{Holder: a.exchange.holder.Keys.Node, Epoch: permit.Epoch(), Type: string(j.typ)}
	view, err := a.hub.cfg.Mirror.Use(ref)
	if errors.Is(err, mirror.ErrNone) {
		return nil // the holder has nothing of this type, or its index did not come, which run reports
	}
	if err != nil {
		return err
	}
	derive := index.NewDeriver(index.Context{
		Ledger: a.hub.cfg.LedgerID, Holder: a.exchange.holder.PeerID, Epoch: permit.Epoch(), Type: string(j.typ),
	})
	var matches []found
	for i := range outputs {
		label, ok, lerr := view.Lookup(derive, (*[index.OutputSize]byte)(&outputs[i]))
		if lerr != nil {
			err = fmt.Errorf("look up: %w", lerr)
			break
		}
		if permit.Reveal() != policy.RevealLabel {
			label = nil // mirrored under an earlier policy, or passed on: not this member's to read now
		}
		if ok {
			matches = append(matches, found{j.typ, a.exchange.holder.Name, asked[i].reference, label})
		}
	}
	a.exchange.add(a.hub, matches)
	return errors.Join(err, view.Release())
}

func (e *exchange) add(h *Hub, matches []found) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.found = append(e.found, matches...)
	for _, m := range matches {
		h.cfg.Metrics.Matches.WithLabelValues(string(m.typ)).Inc()
	}
}
