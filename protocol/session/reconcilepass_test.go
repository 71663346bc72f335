package session

import (
	"bytes"
	"errors"
	"testing"
)

// echo stands in for an engine: it says n things in turn.
type echo struct {
	speaks     bool
	n, said    int
	heard      []byte
	transcript [32]byte
}

func (e *echo) Next() ([]byte, error) {
	if !e.speaks || e.said == e.n {
		return nil, nil
	}
	e.speaks = false
	e.said++
	return []byte{byte(e.said)}, nil
}

func (e *echo) Receive(m []byte) error {
	if e.speaks || len(m) != 1 {
		return ErrTurn
	}
	e.speaks = true
	e.heard = append(e.heard, m[0])
	return nil
}

func (e *echo) Done() bool           { return e.said == e.n && len(e.heard) == e.n }
func (e *echo) Transcript() [32]byte { return e.transcript }

func passes(change func(*ReconcileReceipt)) (*ReconcilePass, *ReconcilePass) {
	r := ReconcileReceipt{
		Ledger: ledgerID, Offer: [32]byte{1}, Pass: 1, Attempt: RequestID{8}, Receiver: querier.PeerID(), Sender: holder.PeerID(),
		ReceiverItems: 90, SenderItems: 50, Charged: 200,
	}
	theirs := r
	change(&theirs)
	return NewReconcilePass(&echo{speaks: true, n: 3}, true, r, querierKey, holder), NewReconcilePass(&echo{n: 3}, false, theirs, holderKey, querier)
}

// exchangeAll carries messages until neither has any.
func exchangeAll(a, b *ReconcilePass) error {
	for moved := true; moved; {
		moved = false
		for _, pair := range [][2]*ReconcilePass{{a, b}, {b, a}} {
			msg, err := pair[0].Next()
			if err != nil {
				return err
			}
			if msg == nil {
				continue
			}
			moved = true
			if err := pair[1].Receive(msg); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestReconcilePass(t *testing.T) {
	a, b := passes(func(*ReconcileReceipt) {})
	if _, err := a.Own(); !errors.Is(err, ErrTurn) {
		t.Errorf("a receipt before the end: %v", err)
	}
	if err := exchangeAll(a, b); err != nil || !a.Done() || !b.Done() {
		t.Fatalf("%v, %v, %v", err, a.Done(), b.Done())
	}
	_, r, err := ParseReconcileReceipt(encode(t, *a.Theirs()), holder)
	if err != nil || r.Charged != 200 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, change := range map[string]func(*ReconcileReceipt){
		"another size":   func(r *ReconcileReceipt) { r.SenderItems++ },
		"another charge": func(r *ReconcileReceipt) { r.Charged-- },
		"another pass":   func(r *ReconcileReceipt) { r.Pass = 2 },
		"exchanged":      func(r *ReconcileReceipt) { r.Receiver, r.Sender = r.Sender, r.Receiver },
	} {
		a, b := passes(change)
		if err := exchangeAll(a, b); !errors.Is(err, ErrReceipt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a, b = passes(func(*ReconcileReceipt) {})
	b.engine.(*echo).transcript[0] = 1
	if err := exchangeAll(a, b); !errors.Is(err, ErrReceipt) {
		t.Errorf("another transcript: %v", err)
	}
}

// TestReconcileReceiptTurn: the initiator's receipt comes first, and a lost one is said again.
func TestReconcileReceiptTurn(t *testing.T) {
	a, b := passes(func(*ReconcileReceipt) {})
	a.engine.(*echo).n, b.engine.(*echo).n = 0, 0
	receipt, err := b.Own()
	if err != nil {
		t.Fatal(err)
	}
	if msg, err := b.Next(); err != nil || msg != nil {
		t.Errorf("the other spoke first: %x, %v", msg, err)
	}
	if err := a.Receive(receipt); !errors.Is(err, ErrTurn) {
		t.Errorf("the other's receipt first: %v", err)
	}
	lost, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	if msg, _ := a.Next(); msg != nil {
		t.Error("said twice")
	}
	a.Resume()
	again, err := a.Next()
	if err != nil || !bytes.Equal(lost, again) {
		t.Errorf("not the same again: %v", err)
	}
	if err := b.Receive(again); err != nil {
		t.Fatal(err)
	}
	if err := b.Receive(again); !errors.Is(err, ErrTurn) {
		t.Errorf("after the end: %v", err)
	}
	if err := a.Receive(receipt); err != nil || !a.Done() {
		t.Errorf("%v", err)
	}
}
