package session

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/specs"
)

func TestReconcileCDDL(t *testing.T) {
	for _, d := range specs.SchemaDifference("reconcile.cddl", map[string]any{
		"call": reconcileCall{}, "offer": ReconcileOffer{}, "act": ReconcileAct{}, "signed-reply": signedReply{}, "reply": ReconcileReply{},
		"signed-receipt": SignedReconcileReceipt{}, "receipt": ReconcileReceipt{},
	}) {
		t.Error(d)
	}
}

// FuzzReconcileCall signs whatever the fuzzer makes, so that what lies behind the signatures is reached.
func FuzzReconcileCall(f *testing.F) {
	o := encode(f, goodOffer())
	a := goodStart()
	a.V, a.Offer = 1, sha256.Sum256(o)
	f.Add(o, encode(f, a), false)
	f.Add([]byte{0xa0}, []byte{}, true)
	f.Fuzz(func(t *testing.T, offer, act []byte, bare bool) {
		msg := offer
		if !bare {
			msg = encode(t, reconcileCall{offer, member.Sign(querierKey, offerDomain, offer), act, member.Sign(querierKey, actDomain, act)})
		}
		c, err := NewReconcileCallee(ledgerID, holderKey, querier).Receive(msg)
		named(t, err)
		if err != nil {
			return
		}
		if !bytes.Equal(encode(t, c.Offer.Offer), c.Offer.Raw) || !bytes.Equal(encode(t, c.Act), c.RawAct) {
			t.Fatal("an offer or an act with two encodings")
		}
		if c.Act.Items > c.Offer.Offer.Items || c.Offer.Offer.Items > MaxReconcileItems {
			t.Fatal("a call that should not have passed")
		}
	})
}

func FuzzReconcileReply(f *testing.F) {
	r := ReconcileReply{V: 1, Ledger: ledgerID, Initiator: querier.PeerID(), Other: holder.PeerID(), Status: ReconcilePending}
	f.Add(encode(f, r))
	f.Fuzz(func(t *testing.T, reply []byte) {
		msg := encode(t, signedReply{reply, member.Sign(holderKey, replyDomain, reply)})
		s, err := ParseReconcileReply(msg, holder)
		named(t, err)
		if err == nil && !bytes.Equal(encode(t, s.Reply), s.Raw) {
			t.Fatal("a reply with two encodings")
		}
	})
}

func FuzzReconcileReceipt(f *testing.F) {
	a, b := passes(func(*ReconcileReceipt) {})
	if err := exchangeAll(a, b); err != nil {
		f.Fatal(err)
	}
	f.Add(a.Theirs().Receipt)
	f.Fuzz(func(t *testing.T, receipt []byte) {
		msg := encode(t, SignedReconcileReceipt{receipt, member.Sign(holderKey, reconcileReceiptDomain, receipt)})
		_, r, err := ParseReconcileReceipt(msg, holder)
		named(t, err)
		if err == nil && !bytes.Equal(encode(t, r), receipt) {
			t.Fatal("a receipt with two encodings")
		}
	})
}
