package session

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestExchange reads as the exchange goes: two questions in flight, answered in turn, then a third.
func TestExchange(t *testing.T) {
	a, h := newAsker(t, 2), newAnswerer(t, 2)
	first, second := ask(t, a, 3), ask(t, a, MaxBatch)
	if _, _, err := a.Ask(elements(1)); !errors.Is(err, ErrNotReady) || a.Ready() {
		t.Fatalf("a third in flight: %v", err)
	}
	q1, q2 := question(t, h, first), question(t, h, second)
	if q1.Header.Type != "email" || q1.Header.HasCase() || len(q2.Elements) != MaxBatch*ElementSize {
		t.Fatalf("question: %+v", q1.Header)
	}
	for i, q := range []*Question{q1, q2} {
		answer, err := a.Receive(reply(t, h, q))
		if err != nil {
			t.Fatal(err)
		}
		want := evaluate(q)
		if !bytes.Equal(answer.Evaluated, want.Evaluated) || !bytes.Equal(answer.Proof, want.Proof) ||
			*answer.Receipt.BudgetLeft != 77 || answer.Receipt.Size != 10 || answer.Receipt.Request != q.Hash {
			t.Errorf("answer %d is not what the holder said", i)
		}
	}
	if _, err := a.Receive(reply(t, h, question(t, h, ask(t, a, 1)))); err != nil || a.InFlight() != 0 {
		t.Errorf("a third after that: %v", err)
	}
}

// TestOrderOfTurns drives both machines through random interleavings; a queue is the oracle.
func TestOrderOfTurns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		window := rapid.IntRange(1, MaxWindow).Draw(rt, "window")
		a, h := newAsker(t, window), newAnswerer(t, window)
		var toHolder, toAsker [][]byte
		var open []*Question
		var expected []int
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"ask", "read", "answer", "receive"}).Draw(rt, "step") {
			case "ask":
				n := rapid.IntRange(1, 5).Draw(rt, "elements")
				if _, msg, err := a.Ask(elements(n)); err == nil {
					toHolder, expected = append(toHolder, msg), append(expected, n)
				} else if !errors.Is(err, ErrNotReady) || len(expected) != window {
					rt.Fatal(err)
				}
			case "read":
				if len(toHolder) > 0 {
					open, toHolder = append(open, question(t, h, toHolder[0])), toHolder[1:]
				}
			case "answer":
				if len(open) > 0 {
					msg := reply(t, h, open[0])
					if rapid.Bool().Draw(rt, "refuse") {
						h2 := newAnswerer(t, 1)
						h2.open = []*Question{open[0]}
						msg, _ = h2.Refuse(open[0], 1, &Refusal{Code: BudgetSpent})
					}
					toAsker, open = append(toAsker, msg), open[1:]
				}
			case "receive":
				if len(toAsker) > 0 {
					answer, err := a.Receive(toAsker[0])
					var refusal *Refusal
					if err != nil && !errors.As(err, &refusal) {
						rt.Fatal(err)
					}
					if err == nil && len(answer.Evaluated) != expected[0]*ElementSize {
						rt.Fatal("an answer to another question")
					}
					toAsker, expected = toAsker[1:], expected[1:]
				}
			}
			if a.InFlight() != len(expected) {
				rt.Fatalf("%d in flight, want %d", a.InFlight(), len(expected))
			}
		}
	})
}

// TestEvidence: request and response, kept as they came, show a third what the holder answered.
func TestEvidence(t *testing.T) {
	a, h := newAsker(t, 1), newAnswerer(t, 1)
	asked := ask(t, a, 2)
	answer, err := a.Receive(reply(t, h, question(t, h, asked)))
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseRequest(asked, querier)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseResponse(answer.Message, holder)
	if err != nil || again.Receipt.Request != q.Hash {
		t.Errorf("evidence does not hold: %v", err)
	}
	if err := holder.Verify(receiptDomain, answer.RawReceipt, answer.Signature); err != nil {
		t.Errorf("the receipt alone: %v", err)
	}
}

func TestCaseCommitment(t *testing.T) {
	a := CommitCase([32]byte{1}, "case 7")
	if a == CommitCase([32]byte{2}, "case 7") || a == CommitCase([32]byte{1}, "case 8") || a != CommitCase([32]byte{1}, "case 7") {
		t.Error("the commitment does not depend on nonce and reference")
	}
	h := goodHeader(1)
	h.Case = a[:]
	if err := h.check(); err != nil || !h.HasCase() {
		t.Errorf("%v", err)
	}
}

func BenchmarkExchange(b *testing.B) {
	for _, n := range []int{1, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a, h := newAsker(b, 1), newAnswerer(b, 1)
			for b.Loop() {
				q := question(b, h, ask(b, a, n))
				if _, err := a.Receive(reply(b, h, q)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/element")
		})
	}
}
