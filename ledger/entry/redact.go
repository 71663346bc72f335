package entry

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"

	"github.com/crosslight/crosslight/protocol/member"
)

// String names the signer by its key id. It shows no secret.
func (s Signer) String() string {
	if len(s.Key) != ed25519.PrivateKeySize {
		return "Signer(no key)"
	}
	return "Signer(" + member.PublicOf(s.Key).ID().String() + ")"
}

// GoString is String.
func (s Signer) GoString() string { return s.String() }

// Format writes String, whatever the verb.
func (s Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }
