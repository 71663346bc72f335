package bench

import (
	"crypto/sha256"
	"time"

	"github.com/cloudflare/circl/oprf"

	"github.com/crosslight/crosslight/privacy/voprf"
)

// benchKey is the seed of both engines' key: the same key, the same work.
var benchKey = sha256.Sum256([]byte("crosslight/bench/v1"))

// bareCircl runs circl's VOPRF over inputs in batches and returns the client's and the server's
// processor time.
func bareCircl(inputs [][]byte, batch int) (client, server time.Duration, err error) {
	key, err := oprf.DeriveKey(oprf.SuiteRistretto255, oprf.VerifiableMode, benchKey[:], []byte("bench"))
	if err != nil {
		return 0, 0, err
	}
	asker, answerer := oprf.NewVerifiableClient(oprf.SuiteRistretto255, key.Public()), oprf.NewVerifiableServer(oprf.SuiteRistretto255, key)
	err = inBatches(inputs, batch, func(in [][]byte) error {
		var (
			finalize *oprf.FinalizeData
			request  *oprf.EvaluationRequest
			answer   *oprf.Evaluation
		)
		blind, err := measured(func() (err error) { finalize, request, err = asker.Blind(in); return err })
		if err != nil {
			return err
		}
		evaluate, err := measured(func() (err error) { answer, err = answerer.Evaluate(request); return err })
		if err != nil {
			return err
		}
		finish, err := measured(func() error { _, err := asker.Finalize(finalize, answer); return err })
		client, server = client+blind+finish, server+evaluate
		return err
	})
	return client, server, err
}

// bareOwn does the same with our engine, whose input and output are bytes.
func bareOwn(inputs [][]byte, batch int) (client, server time.Duration, err error) {
	key, err := voprf.DeriveKey(benchKey, []byte("bench"))
	if err != nil {
		return 0, 0, err
	}
	public := key.Public()
	asker, err := voprf.NewClient(public[:])
	if err != nil {
		return 0, 0, err
	}
	err = inBatches(inputs, batch, func(in [][]byte) error {
		var (
			request          *voprf.Request
			evaluated, proof []byte
		)
		blind, err := measured(func() (err error) { request, err = asker.Blind(in); return err })
		if err != nil {
			return err
		}
		evaluate, err := measured(func() (err error) { evaluated, proof, err = key.Evaluate(request.Elements()); return err })
		if err != nil {
			return err
		}
		finish, err := measured(func() error { _, err := request.Finalize(evaluated, proof); return err })
		client, server = client+blind+finish, server+evaluate
		return err
	})
	return client, server, err
}

func inBatches(inputs [][]byte, batch int, f func([][]byte) error) error {
	for len(inputs) > 0 {
		n := min(batch, len(inputs))
		if err := f(inputs[:n]); err != nil {
			return err
		}
		inputs = inputs[n:]
	}
	return nil
}
