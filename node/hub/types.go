package hub

import (
	"encoding/json"
	"time"
)

// Status is a node's own account of itself.
type Status struct {
	Name      string       `json:"name"`
	Sector    string       `json:"sector"`
	PeerID    string       `json:"peer_id"`
	Version   string       `json:"version"`
	Ready     bool         `json:"ready"`
	Reasons   []string     `json:"reasons"` // why not ready, empty when it is
	LedgerID  string       `json:"ledger_id"`
	Size      uint64       `json:"ledger_size"`
	Leader    string       `json:"leader"` // member name, empty while there is none
	Listen    []string     `json:"listen"`
	StartedAt time.Time    `json:"started_at"`
	Peers     []PeerStatus `json:"peers"`
	// Indicators is how many of its own this member holds.
	Indicators int64 `json:"indicators"`
	Indexing   bool  `json:"indexing"` // an index is being built; queries see the previous one
	Trial      bool  `json:"trial"`    // fewer than four voters: no cheat is tolerated
}

// PeerStatus is what this node sees of another member.
type PeerStatus struct {
	Name      string `json:"name"`
	PeerID    string `json:"peer_id"`
	Connected bool   `json:"connected"`
	Mirrored  int64  `json:"mirrored"` // entries of its index held here
}

// FeedOptions says how to read a feed. Format is csv, jsonl, threatexchange, or empty to detect it.
type FeedOptions struct {
	Format string `json:"format" required:"false"`
	Region string `json:"region" required:"false"` // default region of national phone numbers, ISO 3166-1
	DryRun bool   `json:"dry_run" required:"false"`
}

// Refusal is one refused line of a feed. Reason never quotes the value.
type Refusal struct {
	Line   int64  `json:"line"`
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

// MaxRefusals is how many refusals a report lists; it counts them all.
const MaxRefusals = 1000

// ImportReport counts the data lines of a feed: Lines = Imported + Refused + Duplicates + Suppressed.
type ImportReport struct {
	Lines      int64     `json:"lines"`
	Imported   int64     `json:"imported"`
	Refused    int64     `json:"refused"`
	Duplicates int64     `json:"duplicates"`
	Suppressed int64     `json:"suppressed"`
	Derived    int64     `json:"derived"` // values that followed from another, counted beside the lines
	Refusals   []Refusal `json:"refusals"`
}

// Label is what a holder attaches to an indicator. Absent fields are null.
type Label struct {
	Category   string  `json:"category"`
	Severity   *int    `json:"severity"`
	Reference  *string `json:"reference"`
	Contact    *string `json:"contact"`
	Confidence *string `json:"confidence"`
	FirstSeen  *string `json:"first_seen"` // RFC 3339 date
	Expires    *string `json:"expires"`
}

// Indicator is one of the member's own indicators.
type Indicator struct {
	Digest   string    `json:"digest"`
	Type     string    `json:"type"`
	Label    Label     `json:"label"`
	Imported time.Time `json:"imported_at"`
}

// PageRequest asks for a page. Cursor is opaque and comes from the page before.
type PageRequest struct {
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// IndicatorFilter narrows a list of indicators.
type IndicatorFilter struct {
	PageRequest
	Type      string `json:"type"`
	Reference string `json:"reference"`
}

// IndicatorPage is a page of indicators; Next is empty on the last.
type IndicatorPage struct {
	Indicators []Indicator `json:"indicators"`
	Next       string      `json:"next"`
}

// Value names an indicator by its raw value, or by its digest when Raw is "digest:<hex>".
type Value struct {
	Type string `json:"type"`
	Raw  string `json:"value"`
}

// WithdrawRequest names what to withdraw: by value or digest, or all that carry a reference.
type WithdrawRequest struct {
	Values    []Value `json:"values" required:"false"`
	Reference string  `json:"reference" required:"false"`
	Region    string  `json:"region" required:"false"`
	DryRun    bool    `json:"dry_run" required:"false"`
	// WaitSeconds is how long to wait for the mirrors that can be reached to acknowledge, at most 60.
	WaitSeconds int `json:"wait_seconds" required:"false" minimum:"0" maximum:"60"`
}

// WithdrawReport says what was withdrawn.
type WithdrawReport struct {
	Withdrawn int64    `json:"withdrawn"`
	Unknown   int64    `json:"unknown"` // values that this member does not hold
	Digests   []string `json:"digests"`
	Removal   *Removal `json:"removal"` // null where nothing was withdrawn
}

// QueryRequest is a question. Holders and Types narrow it; empty means all.
type QueryRequest struct {
	Values  []Value     `json:"values" required:"false"`
	Feed    FeedOptions `json:"feed" required:"false"`
	Holders []string    `json:"holders" required:"false"`
	Types   []string    `json:"types" required:"false"`
	Purpose string      `json:"purpose" required:"false"`
	Case    string      `json:"case" required:"false"` // the case reference; only a commitment to it leaves the node
	DryRun  bool        `json:"dry_run" required:"false"`
}

// Asked says how one holder answered: "ok", or one of the error codes of crosslight/query/v1,
// "unreachable", "timeout", "bad-proof", "not-permitted".
type Asked struct {
	Member string `json:"member"`
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"` // what to do about it
}

// Match is one indicator that querier and holder share.
type Match struct {
	ID              string  `json:"id"` // of the match, for `match show`
	Type            string  `json:"type"`
	Reference       *string `json:"reference"` // the querier's own
	Holder          string  `json:"holder"`
	Category        *string `json:"category"`
	Severity        *int    `json:"severity"`
	Confidence      *string `json:"confidence"`
	HolderReference *string `json:"holder_reference"`
	Contact         *string `json:"contact"`
	FirstSeen       *string `json:"first_seen"`
}

// QueryReport is a query and its answers. Partial is true when a holder that policy allows to ask
// did not answer in full; Asked names it.
type QueryReport struct {
	ID             string    `json:"id"`
	At             time.Time `json:"at"`
	Purpose        string    `json:"purpose"`
	Queried        int64     `json:"queried"` // distinct indicators asked about
	Refused        int64     `json:"refused"`
	Suppressed     int64     `json:"suppressed"`
	Refusals       []Refusal `json:"refusals"`
	Asked          []Asked   `json:"asked"`
	Matches        []Match   `json:"matches"`
	Partial        bool      `json:"partial"`
	Evaluations    int64     `json:"evaluations"`       // elements that holders evaluated
	ProofsVerified int64     `json:"proofs_verified"`   // elements whose evaluation was proved
	Warning        string    `json:"warning,omitempty"` // what went wrong beside the answers
}

// QueryPage is a page of past queries without their matches; Next is empty on the last.
type QueryPage struct {
	Queries []QueryReport `json:"queries"`
	Next    string        `json:"next"`
}

// Rule is one rule of the policy; the zero value of a list means "none", "*" means all.
type Rule struct {
	ID                string   `json:"id" yaml:"id"`
	FromSectors       []string `json:"from_sectors" yaml:"from_sectors"`
	FromMembers       []string `json:"from_members" yaml:"from_members"`
	ToSectors         []string `json:"to_sectors" yaml:"to_sectors"`
	ToMembers         []string `json:"to_members" yaml:"to_members"`
	Types             []string `json:"types" yaml:"types"`
	Purposes          []string `json:"purposes" yaml:"purposes"`
	Reveal            string   `json:"reveal" yaml:"reveal"` // match or label
	CaseRequired      bool     `json:"case_required" yaml:"case_required"`
	EvaluationsPerDay uint64   `json:"evaluations_per_day" yaml:"evaluations_per_day"`
	RetentionDays     uint64   `json:"retention_days" yaml:"retention_days"`
	WatchSize         uint64   `json:"watch_size" yaml:"watch_size" required:"false"`       // elements; 0 forbids
	BulkSetSize       uint64   `json:"bulk_set_size" yaml:"bulk_set_size" required:"false"` // elements; 0 forbids
	BulkLearn         string   `json:"bulk_learn" yaml:"bulk_learn" required:"false"`       // initiator, other, both; empty: nobody
	CountAllowed      bool     `json:"count_allowed" yaml:"count_allowed" required:"false"`
}

// Ceiling bounds what a holder evaluates of a type in a day, for all queriers together.
type Ceiling struct {
	Type              string `json:"type" yaml:"type"`
	EvaluationsPerDay uint64 `json:"evaluations_per_day" yaml:"evaluations_per_day"`
}

// Policy is the rules in force. Whatever no rule allows is denied. EpochDays is how old an epoch may
// grow in days of ledger time, 0 without a bound.
type Policy struct {
	Version   uint64    `json:"version" yaml:"version"`
	Purposes  []string  `json:"purposes" yaml:"purposes"`
	Rules     []Rule    `json:"rules" yaml:"rules"`
	Ceilings  []Ceiling `json:"ceilings" yaml:"ceilings" required:"false"`
	EpochDays uint64    `json:"epoch_days" yaml:"epoch_days" required:"false"`
}

// PolicyAsk asks whether From may ask To about Type for Purpose.
type PolicyAsk struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
	HasCase bool   `json:"has_case"`
}

// PolicyDecision is the answer, with the rule that decided or the reason that none did.
type PolicyDecision struct {
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule"`
	Reveal  string `json:"reveal"`
	Reason  string `json:"reason"`
}

// Member is an organisation on the ledger. Status is active or suspended.
type Member struct {
	Name         string   `json:"name"`
	Sector       string   `json:"sector"`
	Jurisdiction string   `json:"jurisdiction"`
	PeerID       string   `json:"peer_id"`
	Status       string   `json:"status"`
	Founder      bool     `json:"founder"`
	Voter        bool     `json:"voter"`
	Seat         bool     `json:"seat"`
	Epoch        uint64   `json:"epoch"`
	Addresses    []string `json:"addresses"`
	AdmittedAt   uint64   `json:"admitted_at"` // ledger index

	CalledBy       []string `json:"called_by"`       // whose seats call for its suspension, or have suspended it in emergency
	SuspendedUntil *string  `json:"suspended_until"` // ledger time, RFC 3339, at which an emergency suspension lapses
}

// SuspendRequest is this member's call to suspend another at once.
type SuspendRequest struct {
	Member string `json:"member"`
	Reason string `json:"reason" required:"false"`
	DryRun bool   `json:"dry_run" required:"false"`
}

// Suspension is how the emergency suspension of a member stands.
type Suspension struct {
	Member   string   `json:"member"`
	Status   string   `json:"status"`
	CalledBy []string `json:"called_by"`
	Until    *string  `json:"until"`  // ledger time, RFC 3339, at which it lapses; null while it is not in force
	Effect   []string `json:"effect"` // in words, what would change
	DryRun   bool     `json:"dry_run"`
}

// ProposeRequest is a proposal to be. Kind is admit, suspend, reinstate, policy, expel, seat, voter,
// sector, thresholds, revoke, upgrade, epoch-end or audit.
type ProposeRequest struct {
	Kind       string         `json:"kind"`
	Member     string         `json:"member" required:"false"` // suspend, reinstate, expel, seat, voter, sector; epoch-end, where empty stands for all
	Card       []byte         `json:"card,omitempty"`          // admit: the applicant's member card
	Seat       bool           `json:"seat,omitempty"`          // admit: with a seat on the board, which takes the grave threshold; seat: give it one, or else take it
	Voter      bool           `json:"voter,omitempty"`         // voter: make its node a voter, or else end that
	Sector     string         `json:"sector,omitempty"`        // sector: the one to move to
	Key        string         `json:"key,omitempty"`           // revoke: the key's id in hex
	Version    uint64         `json:"version,omitempty"`       // upgrade: of the entries to accept
	Policy     *Policy        `json:"policy,omitempty"`        // policy
	Thresholds *Thresholds    `json:"thresholds,omitempty"`    // thresholds
	Reason     string         `json:"reason" required:"false"`
	Audit      *AuditProposal `json:"audit,omitempty"` // audit: what is to be opened, to whom
	DryRun     bool           `json:"dry_run" required:"false"`
}

// Thresholds are what decisions take, as "more than 1/2" or "at least 2/3" of the seats, and how many
// sectors must say yes. What is empty, or zero, stays as it is.
type Thresholds struct {
	Ordinary       string `json:"ordinary" required:"false"`
	Grave          string `json:"grave" required:"false"`
	Constitutional string `json:"constitutional" required:"false"`
	Sectors        uint64 `json:"sectors" required:"false"`
}

// Proposal is a proposal and the votes on it. State is open, accepted, rejected, failed, withdrawn,
// expired or dropped.
type Proposal struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	Subject  string       `json:"subject"`
	Reason   string       `json:"reason"`
	Proposer string       `json:"proposer"`
	State    string       `json:"state"`
	Index    uint64       `json:"index"`   // ledger index of the proposal
	Decided  *uint64      `json:"decided"` // ledger index of the entry that closed it; null while open
	Failure  *string      `json:"failure"` // why it failed, the name of a rejection; null otherwise
	Expires  *string      `json:"expires"` // ledger time, RFC 3339; null once closed
	Votes    []BallotCast `json:"votes"`
	Missing  []string     `json:"missing"` // members whose seats have not voted
	Needs    string       `json:"needs"`   // in words, what is still needed
	Effect   []string     `json:"effect"`  // in words, what would change
	DryRun   bool         `json:"dry_run"`
}

// BallotCast is one seat's vote.
type BallotCast struct {
	Member string `json:"member"`
	Sector string `json:"sector"`
	Vote   string `json:"vote"` // yes or no
}

// VoteRequest is this member's vote on a proposal, yes or no.
type VoteRequest struct {
	Proposal string `json:"proposal"`
	Vote     string `json:"vote"`
	DryRun   bool   `json:"dry_run"`
}

// WithdrawProposalRequest takes back an open proposal of this member's.
type WithdrawProposalRequest struct {
	Proposal string `json:"proposal"`
	DryRun   bool   `json:"dry_run"`
}

// LedgerStatus is where a node's ledger stands. Root and ID are hex.
type LedgerStatus struct {
	ID        string `json:"id"`
	Size      uint64 `json:"size"`
	Root      string `json:"root"`
	StateHash string `json:"state_hash"`
	Leader    string `json:"leader"`
	Term      uint64 `json:"term"`
	Role      string `json:"role"` // leader, follower, candidate, non-voter
	Voters    int    `json:"voters"`
	Members   int    `json:"members"`
	Trial     bool   `json:"trial"`

	Time        string `json:"time"`         // ledger time, RFC 3339
	ClockFresh  int    `json:"clock_fresh"`  // voters whose clocks count now
	ClockQuorum int    `json:"clock_quorum"` // as many keep ledger time going

	Final LedgerFinal `json:"final"`
}

// LedgerFinal is the newest final checkpoint of a node. Everything is zero before the first.
type LedgerFinal struct {
	Height     uint64 `json:"height"`
	Size       uint64 `json:"size"`
	Root       string `json:"root"`        // hex
	Cosigners  int    `json:"cosigners"`   // whose cosignatures of it have arrived
	Voters     int    `json:"voters"`      // of the next checkpoint
	Needed     int    `json:"needed"`      // a quorum of them
	AgeSeconds *int64 `json:"age_seconds"` // since the oldest of the newest quorum of cosignatures; null before there was one
}

// LedgerEntry is an accepted entry, in words.
type LedgerEntry struct {
	Index   uint64 `json:"index"`
	Kind    string `json:"kind"`
	Member  string `json:"member"`
	Hash    string `json:"hash"` // RFC 6962 leaf hash
	Summary string `json:"summary"`
}

// LedgerPage is a run of entries; Next is 0 at the end.
type LedgerPage struct {
	Entries []LedgerEntry `json:"entries"`
	Next    uint64        `json:"next"`
}

// LedgerDetail is one entry in full. Of the genesis, which no single key signed, Role, SignerKey,
// Signature and the numbers are empty.
type LedgerDetail struct {
	Index       uint64          `json:"index"`
	Kind        string          `json:"kind"`
	Member      string          `json:"member"`
	Role        string          `json:"role"` // of the key that signed
	SignerKey   string          `json:"signer_key"`
	Seq         uint64          `json:"seq"` // of that key
	Incarnation uint64          `json:"incarnation"`
	LedgerID    string          `json:"ledger_id"`
	Hash        string          `json:"hash"` // RFC 6962 leaf hash
	Summary     string          `json:"summary"`
	Body        json.RawMessage `json:"body"` // decoded; byte strings in hex
	Signature   string          `json:"signature"`
	Raw         []byte          `json:"raw"` // the leaf, verbatim, base64
}

// LedgerProof shows that an entry stands on the ledger, to whoever knows the voters' cosigner keys.
type LedgerProof struct {
	Index uint64 `json:"index"`
	Hash  string `json:"hash"`
	Size  uint64 `json:"size"`  // of the final checkpoint
	Root  string `json:"root"`  // hex
	Proof []byte `json:"proof"` // C2SP tlog-proof, base64
	Entry []byte `json:"entry"` // the leaf, verbatim, base64
}
