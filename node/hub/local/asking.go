package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crosslight/crosslight/ledger"
	"github.com/crosslight/crosslight/node/evidence"
	"github.com/crosslight/crosslight/node/mirror"
	"github.com/crosslight/crosslight/node/p2p"
	"github.com/crosslight/crosslight/node/store"
	"github.com/crosslight/crosslight/privacy/index"
	"github.com/crosslight/crosslight/privacy/voprf"
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
	stream   p2p.Stream // opened at the first job
	epoch    uint64     // that the last run asked under
}

// work takes jobs until there are none or the exchange has failed. A refusal of one type ends that type
// alone: the budget for phones may be spent while that for images is not.
func (a *asking) work(ctx context.Context, queue <-chan job) {
	defer a.hangUp()
	for j := range queue {
		if err := a.exchange.failed(); err != nil && !narrow(err) && !errors.Is(err, errNoIndex) {
			return
		}
		if a.exchange.refused(j.typ) {
			continue
		}
		if err := a.persist(ctx, j); err != nil {
			a.exchange.refuse(j.typ)
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

// maxPause bounds a wait for an overloaded holder, whatever it asks for.
const maxPause = 10 * time.Second

// persist runs a job, and what is left of it again when the holder was overloaded.
func (a *asking) persist(ctx context.Context, j job) error {
	for {
		rest, err := a.run(ctx, j)
		if err == nil {
			return nil
		}
		if !narrow(err) {
			a.hangUp() // what is in flight is of no use any more
		}
		var r *session.Refusal
		turned := isEpochOver(err) || errors.Is(err, errNoIndex) && (a.exchange.turning() || a.ended(a.epoch))
		if turned && a.turn(ctx, j.typ, a.epoch) {
			j.questions = rest
			continue
		}
		if !errors.As(err, &r) || r.Code != session.Overloaded || !a.exchange.mayPause() {
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

// flight is a request, made or on its way: what was blinded, and what is sent, as evidence.
type flight struct {
	questions []question
	blinded   *voprf.Request
	question  *session.Question
	sent      []byte
}

// run asks about one job in batches, a window of them in flight, so that this node blinds the next
// batch while the holder evaluates the last. After a narrow refusal it returns the questions without an
// answer, and the stream goes on.
func (a *asking) run(ctx context.Context, j job) (rest []question, err error) {
	rest = j.questions
	permit := a.exchange.permit(j.typ)
	a.epoch = permit.Epoch()
	if err := a.exchange.pin(a.hub, a.exchange.ref(permit, j.typ)); err != nil {
		return rest, fmt.Errorf("%w: %w", errNoIndex, err)
	}
	w, err := a.exchange.writer(ctx, a.hub, a.plan, permit, j)
	if err != nil {
		return rest, err
	}
	if err := a.connect(ctx); err != nil {
		return rest, err
	}
	stop := context.AfterFunc(ctx, func() { _ = a.stream.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var (
		inFlight []flight
		left     []question // refused, to be asked again if the refusal was for a time
		refusal  error
	)
	for unsent := rest; len(inFlight) > 0 || len(unsent) > 0; {
		for refusal == nil && len(unsent) > 0 && w.ready() {
			f, err := a.send(ctx, w, unsent)
			if err != nil {
				return rest, err
			}
			inFlight, unsent = append(inFlight, f), unsent[len(f.questions):]
		}
		if len(inFlight) == 0 {
			return append(left, unsent...), refusal
		}
		// A refused request does not keep us from the answers to those behind it: they are paid for.
		err := a.receive(ctx, w.machine, permit, j, inFlight[0])
		switch {
		case narrow(err):
			refusal = err
			left = append(left, inFlight[0].questions...)
		case err != nil:
			return rest, err
		}
		inFlight = inFlight[1:]
	}
	return left, refusal
}

func (a *asking) connect(ctx context.Context) (err error) {
	if a.stream != nil {
		return nil
	}
	a.stream, err = a.hub.cfg.Host.Open(ctx, a.exchange.holder.PeerID, session.QueryProtocol)
	return err
}

// send takes the next batch, made and kept, and sends it.
func (a *asking) send(ctx context.Context, w *writer, unsent []question) (flight, error) {
	f, err := w.next(ctx, unsent)
	if err != nil {
		return flight{}, err
	}
	if err := a.stream.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return flight{}, err
	}
	return f, wire.WriteFrame(a.stream, f.sent)
}

// receive reads the answer to the oldest request and checks its proof against the key on the ledger.
// Nothing is looked up before the exchange is over: what is sent, and when, must not depend on what
// matched.
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
	if answer != nil { // a refusal has a receipt too
		a.note(f, answer)
		a.noteAnswered(f, answer)
		a.exchange.hear(j.typ, answer, err)
	}
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
	return a.exchange.keep(permit, j.typ, f.questions, outputs)
}

// note keeps what both sides signed about one request.
func (a *asking) note(f flight, answer *session.Answer) {
	sent := store.Sent{
		Holder: a.exchange.holder.Name, Header: f.question.Raw, Signature: f.question.Signature,
		Receipt: answer.RawReceipt, ReceiptSignature: answer.Signature,
	}
	a.exchange.mu.Lock()
	defer a.exchange.mu.Unlock()
	a.exchange.kept = append(a.exchange.kept, sent)
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
