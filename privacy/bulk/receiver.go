package bulk

import (
	"fmt"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
	"github.com/crosslight/crosslight/privacy/bulk/internal/extend"
	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
	"github.com/crosslight/crosslight/privacy/bulk/internal/pprf"
	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
	"github.com/crosslight/crosslight/privacy/bulk/internal/vole"
)

// Receiver is the party that learns the intersection.
type Receiver struct {
	party
	kind   *vole.Kind
	shape  okvs.Shape
	layout vole.Layout
	hello  hello
	secret []byte // r
	peer   int    // the sender's digests

	choices  []byte // of the base OTs
	base     *baseot.Receiver
	offerer  *extend.Offerer
	firstKey [coinSize]byte

	row     [32]byte // what items and tags are hashed under
	own     *items
	encoder *storeWriter
	prover  *vole.Prover
	rows    []byte
	salt    []byte
	coin    []byte

	tagged  bool // own are tags
	at      int  // of own: what is before is below all tags so far
	last    tag
	matched int      // numbers of own, from the first on, that are of digests that match: never beyond at
	labels  [][]byte // of those, with labels
}

// NewReceiver starts a session for digests, DigestSize bytes each, which must stay as they are until the
// session is over. Digests that come twice are reported twice where they match. Errors are [ErrConfig] and
// [ErrTooMany].
func NewReceiver(c Config, digests []byte) (*Receiver, error) {
	p, err := newParty(c, digests)
	if err != nil {
		return nil, err
	}
	r := &Receiver{party: p, kind: p.config.Mode.kind()}
	r.shape, r.layout = layout(r.count())
	return r, nil
}

// Matches returns what was found so far; all of it once the receiver is Done.
func (r *Receiver) Matches() []Match {
	out := make([]Match, r.matched)
	for i := range out {
		out[i].Index = int(r.own.numbers[i])
		if r.labels != nil {
			out[i].Label = r.labels[i]
		}
	}
	return out
}

// Count is the number of Matches.
func (r *Receiver) Count() int { return r.matched }

// Done says that everything was sent and received.
func (r *Receiver) Done() bool {
	return r.failed == nil && r.received >= beforeTags && r.received == r.receiveTotal() && r.sent == r.sendTotal()
}

// Progress says how far the session is.
func (r *Receiver) Progress() Progress {
	p := Progress{Sent: r.sent, SendTotal: r.sendTotal(), Received: r.received}
	if r.received > 0 {
		p.ReceiveTotal = r.receiveTotal()
	}
	return p
}

func (r *Receiver) sendTotal() uint32 {
	return beforeBlocks + uint32(r.layout.Blocks()) + afterBlocks
}

func (r *Receiver) receiveTotal() uint32 {
	return beforeTags + tagMessages(r.peer, r.config.LabelSize)
}

// Next returns the next message to send, or nil if a message of the sender is due or the session is done.
func (r *Receiver) Next() ([]byte, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	salt := beforeBlocks + uint32(r.layout.Blocks())
	switch n := r.sent; {
	case n == 0:
		return r.next(kindHello, true, r.makeHello)
	case n == 1 && r.received >= 1:
		return r.next(kindFirstCoin, true, r.makeFirstCoin)
	case n == 2 && r.received >= 2:
		return r.next(kindTrees, true, r.makeTrees)
	case n >= beforeBlocks && n < salt:
		return r.next(kindBlock, false, r.makeBlock)
	case n == salt:
		return r.next(kindSalt, true, r.makeSalt)
	case n == salt+1 && r.received >= 3:
		return r.next(kindAnswer, true, r.makeAnswer)
	case n == salt+2:
		r.evaluate()
	}
	return nil, nil
}

func (r *Receiver) makeHello(m []byte) ([]byte, error) {
	var err error
	if r.secret, err = r.random(32); err != nil {
		return nil, err
	}
	if r.choices, err = r.random(extend.Base); err != nil {
		return nil, err
	}
	for i := range r.choices {
		r.choices[i] &= 1
	}
	r.hello = hello{
		mode: r.config.Mode, labelSize: r.config.LabelSize, items: r.count(),
		context: r.context, commitment: digest(commitDomain, r.secret),
	}
	base, request, err := baseot.NewReceiver(r.hello.session(), r.choices, r.config.Rand)
	if err != nil {
		return nil, err
	}
	r.base = base
	return append(append(m, r.hello.encode()...), request...), nil
}

func (r *Receiver) makeFirstCoin(m []byte) ([]byte, error) {
	coin, err := r.random(coinSize)
	if err != nil {
		return nil, err
	}
	r.firstKey = digest(firstCheck, r.hash[:], coin)
	return append(m, coin...), nil
}

// makeTrees opens r, from which on the rows of digests are fixed, and gives the sender its leaves.
func (r *Receiver) makeTrees(m []byte) ([]byte, error) {
	leaves, message, err := pprf.Offer(r.hash, r.config.Mode.trees(), r.offerer.Keys(), r.config.Rand)
	if err != nil {
		return nil, err
	}
	r.offerer = nil
	r.prover = vole.NewProver(r.kind, leaves)
	r.row = digest(rowDomain, r.hash[:], r.secret)
	masks, err := r.random(simd.Draws * vole.SlotSize)
	if err != nil {
		return nil, err
	}
	if r.salt, err = r.random(coinSize); err != nil {
		return nil, err
	}
	r.encoder = &storeWriter{shape: r.shape, vector: make([]byte, r.layout.Rows()*vole.SlotSize)}
	copy(r.encoder.vector[r.layout.Drawn()*vole.SlotSize:], masks)
	r.rows = make([]byte, r.layout.Rows()*r.kind.RowSize)
	return append(append(m, r.secret...), message...), nil
}

// makeBlock makes the same bytes however often it is called for a block: leaves and vector do not change.
func (r *Receiver) makeBlock(m []byte) ([]byte, error) {
	if r.own == nil {
		r.own = hashItems(r.row, r.shape, r.items, r.config.Overwrite)
		r.encoder.begin(r.own)
	}
	block := int(r.sent - beforeBlocks)
	from := block * simd.Rows
	to := min(from+simd.Rows, r.layout.Rows())
	if err := r.encoder.fill(min(to, r.shape.Slots())); err != nil {
		return nil, err
	}
	slots := r.encoder.vector[from*vole.SlotSize : to*vole.SlotSize]
	return r.prover.Block(m, r.rows[from*r.kind.RowSize:to*r.kind.RowSize], r.layout, block, slots), nil
}

func (r *Receiver) makeSalt(m []byte) ([]byte, error) { return append(m, r.salt...), nil }

func (r *Receiver) makeAnswer(m []byte) ([]byte, error) {
	seed := digest(secondCheck, r.hash[:], r.row[:], r.salt, r.coin)
	return append(m, r.kind.Answer(r.layout, r.encoder.vector, r.rows, coins(seed))...), nil
}

// evaluate computes F of the own digests, once, when everything is sent: the sender is at work then, too.
func (r *Receiver) evaluate() {
	if r.tagged {
		return
	}
	r.own.evaluate(r.row, r.kind, r.shape, r.rows, nil)
	r.tagged = true
}

// Receive takes the sender's next message.
func (r *Receiver) Receive(message []byte) error {
	return r.took(message, r.receive)
}

func (r *Receiver) receive(message []byte) error {
	switch n := r.received; {
	case n == 0 && r.made >= 1:
		return r.takeHello(message)
	case n == 1 && r.made >= 2:
		return r.takeFirstAnswer(message)
	case n == 2 && r.made >= r.sendTotal()-1:
		b, err := body(message, kindCoin, n)
		if err == nil && len(b) != coinSize {
			err = ErrMessage
		}
		r.coin = append([]byte(nil), b...)
		return err
	case n >= beforeTags && r.made == r.sendTotal() && n < r.receiveTotal():
		return r.takeTags(message)
	}
	return fmt.Errorf("%w: nothing is due", ErrOrder)
}

func (r *Receiver) takeHello(message []byte) error {
	b, err := body(message, kindAnswerHello, 0)
	if err != nil {
		return err
	}
	var a answerHello
	transfers := r.config.Mode.trees().Transfers()
	offer, err := a.parse(b, transfers)
	if err != nil {
		return err
	}
	if a.items > r.config.MaxPeer {
		return fmt.Errorf("%w: the sender announces %d", ErrTooMany, a.items)
	}
	keys, err := r.base.Keys(a.reply[:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if r.offerer, err = extend.NewOfferer(r.hello.session(), r.choices, keys, transfers, offer); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	r.peer, r.base, r.choices = a.items, nil, nil
	r.hash = digest(transcriptDomain, r.kept[0], message)
	return nil
}

func (r *Receiver) takeFirstAnswer(message []byte) error {
	b, err := body(message, kindFirstAnswer, 1)
	if err != nil {
		return err
	}
	if len(b) != extend.AnswerSize {
		return ErrMessage
	}
	drawn := make([]byte, extend.CoinSize(r.config.Mode.trees().Transfers()))
	coins(r.firstKey).XORKeyStream(drawn, drawn)
	if err := r.offerer.Check(drawn, b); err != nil {
		return fmt.Errorf("%w: %w", ErrCheat, err)
	}
	return nil
}
