package bulk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/crosslight/crosslight/privacy/bulk/internal/baseot"
	"github.com/crosslight/crosslight/privacy/bulk/internal/extend"
	"github.com/crosslight/crosslight/privacy/bulk/internal/okvs"
	"github.com/crosslight/crosslight/privacy/bulk/internal/pprf"
	"github.com/crosslight/crosslight/privacy/bulk/internal/simd"
	"github.com/crosslight/crosslight/privacy/bulk/internal/vole"
)

// Sender is the party whose digests are looked up, and who learns nothing.
type Sender struct {
	party
	labels []byte
	kind   *vole.Kind
	shape  okvs.Shape
	layout vole.Layout
	hello  hello
	offer  []byte // answer to the hello, made with it

	chooser  *extend.Chooser
	first    []byte // answer to the first check
	keys     *okvs.Groups
	verifier *vole.Verifier
	rows     []byte
	row      [32]byte
	salt     []byte
	coin     []byte
	filler   []byte // what digests that come twice are replaced by
	tags     *evaluation
	sealed   map[uint32][32]byte // hashes of messages with labels
}

// NewSender starts a session for digests, DigestSize bytes each, and their labels, LabelSize bytes each.
// Both must stay as they are until the session is over. Of digests that come twice the first counts; the
// receiver cannot tell. Errors are [ErrConfig] and [ErrTooMany].
func NewSender(c Config, digests, labels []byte) (*Sender, error) {
	p, err := newParty(c, digests)
	if err != nil {
		return nil, err
	}
	if len(labels) != p.count()*c.LabelSize {
		return nil, ErrConfig
	}
	return &Sender{party: p, labels: labels, kind: p.config.Mode.kind(), sealed: map[uint32][32]byte{}}, nil
}

// Peer returns how many digests the receiver announced, 0 before its hello.
func (s *Sender) Peer() int { return s.hello.items }

// Done says that everything was sent and received.
func (s *Sender) Done() bool {
	return s.failed == nil && s.received > 0 && s.received == s.receiveTotal() && s.sent == s.sendTotal()
}

// Progress says how far the session is.
func (s *Sender) Progress() Progress {
	p := Progress{Sent: s.sent, SendTotal: s.sendTotal(), Received: s.received}
	if s.received > 0 {
		p.ReceiveTotal = s.receiveTotal()
	}
	return p
}

func (s *Sender) sendTotal() uint32 {
	return beforeTags + tagMessages(s.count(), s.config.LabelSize)
}

func (s *Sender) receiveTotal() uint32 {
	return beforeBlocks + uint32(s.layout.Blocks()) + afterBlocks
}

// Next returns the next message to send, or nil if a message of the receiver is due or the session is done.
func (s *Sender) Next() ([]byte, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	switch n := s.sent; {
	case n == 0 && s.received >= 1:
		return s.next(kindAnswerHello, true, func(m []byte) ([]byte, error) { return append(m, s.offer...), nil })
	case n == 1 && s.received >= 2:
		return s.next(kindFirstAnswer, true, func(m []byte) ([]byte, error) { return append(m, s.first...), nil })
	case n == 2 && s.received > 0 && s.received >= s.receiveTotal()-1:
		return s.next(kindCoin, true, s.makeCoin)
	case n >= beforeTags && n < s.sendTotal() && s.received == s.receiveTotal():
		return s.next(kindTags, false, s.makeTags)
	}
	return nil, nil
}

// Receive takes the receiver's next message.
func (s *Sender) Receive(message []byte) error {
	return s.took(message, s.receive)
}

func (s *Sender) receive(message []byte) error {
	total := s.receiveTotal()
	switch n := s.received; {
	case n == 0:
		return s.takeHello(message)
	case n == 1 && s.made >= 1:
		return s.takeFirstCoin(message)
	case n == 2 && s.made >= 2:
		return s.takeTrees(message)
	case n >= beforeBlocks && n < total-afterBlocks:
		return s.takeBlock(message)
	case n == total-2:
		b, err := body(message, kindSalt, n)
		if err == nil && len(b) != coinSize {
			err = ErrMessage
		}
		s.salt = append([]byte(nil), b...)
		return err
	case n == total-1 && s.made >= beforeTags:
		return s.takeAnswer(message)
	}
	return fmt.Errorf("%w: nothing is due", ErrOrder)
}

func (s *Sender) takeHello(message []byte) error {
	b, err := body(message, kindHello, 0)
	if err != nil {
		return err
	}
	var h hello
	request, err := h.parse(b)
	if err != nil {
		return err
	}
	if h.mode != s.config.Mode || h.labelSize != s.config.LabelSize || h.context != s.context {
		return ErrVersion
	}
	if h.items > s.config.MaxPeer {
		return fmt.Errorf("%w: the receiver announces %d", ErrTooMany, h.items)
	}
	return s.answerHello(h, request, message)
}

func (s *Sender) answerHello(h hello, request, message []byte) error {
	session := h.session()
	reply, keys, err := baseot.Send(session, request, extend.Base, s.config.Rand)
	if errors.Is(err, baseot.ErrMessage) {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if err != nil {
		return err
	}
	chooser, offer, err := extend.NewChooser(session, keys, s.config.Mode.trees().Transfers(), s.config.Rand)
	if err != nil {
		return err
	}
	random, err := s.random(32 + coinSize + 32)
	if err != nil {
		return err
	}
	a := answerHello{items: s.count(), nonce: [32]byte(random), reply: [baseot.ReplySize]byte(reply)}
	s.coin, s.filler = random[32:][:coinSize], random[32+coinSize:]
	s.hello, s.chooser, s.offer = h, chooser, append(a.encode(), offer...)
	s.shape, s.layout = layout(h.items)
	s.hash = digest(transcriptDomain, message, append(header(nil, kindAnswerHello, 0), s.offer...))
	return nil
}

func (s *Sender) takeFirstCoin(message []byte) error {
	b, err := body(message, kindFirstCoin, 1)
	if err != nil {
		return err
	}
	if len(b) != coinSize {
		return ErrMessage
	}
	drawn := make([]byte, extend.CoinSize(s.config.Mode.trees().Transfers()))
	coins(digest(firstCheck, s.hash[:], b)).XORKeyStream(drawn, drawn)
	s.first, err = s.chooser.Answer(drawn)
	return err
}

func (s *Sender) takeTrees(message []byte) error {
	b, err := body(message, kindTrees, 2)
	if err != nil {
		return err
	}
	if len(b) != 32+s.config.Mode.trees().MessageSize() {
		return ErrMessage
	}
	if digest(commitDomain, b[:32]) != s.hello.commitment {
		return fmt.Errorf("%w: another value than was committed to", ErrCheat)
	}
	choices, keys := s.chooser.Keys()
	missing, leaves, err := pprf.Take(s.hash, s.config.Mode.trees(), choices, keys, b[32:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCheat, err)
	}
	s.chooser = nil
	s.verifier = vole.NewVerifier(s.kind, missing, leaves)
	s.row = digest(rowDomain, s.hash[:], b[:32])
	s.rows = make([]byte, s.layout.Rows()*s.kind.RowSize)
	s.keys = hashItems(s.row, s.shape, s.items) // while the receiver hashes and encodes its own
	return nil
}

func (s *Sender) takeBlock(message []byte) error {
	b, err := body(message, kindBlock, s.received)
	if err != nil {
		return err
	}
	block := int(s.received - beforeBlocks)
	from := block * simd.Rows
	to := min(from+simd.Rows, s.layout.Rows())
	if err := s.verifier.Block(s.rows[from*s.kind.RowSize:to*s.kind.RowSize], s.layout, block, b); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return nil
}

// makeCoin gives the coin away only now: every block has been received, so nothing can be fitted to it.
func (s *Sender) makeCoin(m []byte) ([]byte, error) { return append(m, s.coin...), nil }

// takeAnswer ends the session if the check fails: nothing that depends on F has left before.
func (s *Sender) takeAnswer(message []byte) error {
	b, err := body(message, kindAnswer, s.received)
	if err != nil {
		return err
	}
	seed := digest(secondCheck, s.hash[:], s.row[:], s.salt, s.coin)
	err = s.verifier.Check(s.layout, s.rows, coins(seed), b)
	switch {
	case errors.Is(err, vole.ErrMessage):
		return fmt.Errorf("%w: %w", ErrMessage, err)
	case err != nil:
		s.verifier, s.rows = nil, nil
		return fmt.Errorf("%w: %w", ErrCheat, err)
	}
	return nil
}

func (s *Sender) makeTags(m []byte) ([]byte, error) {
	if s.tags == nil {
		tags := evaluate(s.row, s.kind, s.shape, s.rows, s.verifier.Images(), s.keys, s.count(), s.config.LabelSize > 0)
		s.replaceRepeated(&tags)
		s.tags, s.rows, s.keys, s.verifier = &tags, nil, nil, nil
	}
	per := tagsPer(s.config.LabelSize)
	from := int(s.sent-beforeTags) * per
	to := min(from+per, s.count())
	size := s.config.LabelSize
	m = slices.Grow(m, (to-from)*entrySize(size))
	s.tags.window(from, to, func(e *entry) { m = e.appendTag(m) })
	if size > 0 {
		s.tags.window(from, to, func(e *entry) {
			m = seal(m, s.tags.seals[e.index], e, s.labels[int(e.index)*size:][:size])
		})
		return m, s.sameAsBefore(m)
	}
	return m, nil
}

// sameAsBefore refuses to seal other labels under keys that served already, if somebody changed them: a message that
// is made again must be the same. The error is [ErrRewind].
func (s *Sender) sameAsBefore(m []byte) error {
	hash := sha256.Sum256(m)
	before, again := s.sealed[s.sent]
	if again && before != hash {
		return fmt.Errorf("%w: labels have changed", ErrRewind)
	}
	s.sealed[s.sent] = hash
	return nil
}
