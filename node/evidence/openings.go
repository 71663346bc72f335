package evidence

import (
	"errors"
	"fmt"

	"github.com/crosslight/crosslight/ledger/entry"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/protocol/wire"
)

// FalseOpening is the kind of a record about an answer to an audit: Request is [Openings], Response the
// answer as the querier has signed it, sealed to the auditors, Key the querier's node key.
const FalseOpening = "false-opening"

// maxOpenings bounds a record's faults in bytes.
const maxOpenings = 1 << 20

// Openings is what an auditor says of an answer: positions and faults, no digest.
type Openings struct {
	V      uint64          `cbor:"1,keyasint"` // 1
	Audit  entry.Hash      `cbor:"2,keyasint"`
	Faults []OpeningsFault `cbor:"3,keyasint"` // ascending positions
}

// OpeningsFault is one position that was drawn and does not hold.
type OpeningsFault struct {
	Position uint64 `cbor:"1,keyasint"`
	Fault    string `cbor:"2,keyasint"`
}

// Openings reads what the auditor says. The error is [ErrNothing].
func (r Record) Openings() (Openings, error) {
	var o Openings
	err := wire.Decode(r.Request, &o, maxOpenings)
	switch {
	case err != nil:
	case o.V != 1 || len(o.Faults) == 0:
		err = fmt.Errorf("version %d with %d faults", o.V, len(o.Faults))
	case len(r.Key) != len(member.PublicKey{}) || member.PublicKey(r.Key).PeerID() != r.Accused:
		err = errors.New("its key is not the accused's")
	}
	for i, f := range o.Faults {
		if i > 0 && f.Position <= o.Faults[i-1].Position {
			err = errors.New("its positions are not in order")
		}
	}
	if err != nil {
		return Openings{}, fmt.Errorf("%w: what the auditor says: %w", ErrNothing, err)
	}
	return o, nil
}

// examineOpenings: the answer is sealed to the auditors, so nobody else can judge it.
func (r Record) examineOpenings() (Finding, error) {
	o, err := r.Openings()
	if err != nil {
		return Finding{}, err
	}
	return Finding{Words: []string{
		fmt.Sprintf("An auditor says that %d openings of audit %s are missing or do not hold, first position %d.", len(o.Faults), o.Audit, o.Faults[0].Position),
		"The answer that proves it is sealed to the auditors, so neither the genesis nor an export is enough.",
		"Have one of the audit's auditors check it: add --ledger EXPORT and --identity, the file that `crosslight audit key` wrote.",
	}}, nil
}
