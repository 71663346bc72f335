package indicator

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed suppressed.txt
var suppressedList string

// typedDigest is the key under which the list is held.
type typedDigest struct {
	typ    Type
	digest Digest
}

// suppressedDigests maps each indicator of the shipped list to its reason.
var suppressedDigests = sync.OnceValue(func() map[typedDigest]string {
	list, err := readSuppressed(suppressedList)
	if err != nil {
		panic(err) // the list is compiled in and tested: this is our own bug
	}
	return list
})

// serviceMailboxes are local parts that belong to machines and desks at every domain.
var serviceMailboxes = map[string]bool{
	"noreply": true, "no-reply": true, "no_reply": true, "donotreply": true, "do-not-reply": true,
	"mailer-daemon": true, "postmaster": true, "hostmaster": true, "webmaster": true, "abuse": true,
}

// Suppressed reports whether c is a value that matches everybody, and why. Such a value is neither
// imported nor asked about: it would link every member to every other.
func Suppressed(c Canonical) (reason string, ok bool) {
	if c.typ == Email {
		local, _, _ := strings.Cut(c.form, "@")
		if serviceMailboxes[local] {
			return "a mailbox of machines or desks, the same at every domain", true
		}
	}
	return SuppressedDigest(c.typ, c.Digest())
}

// SuppressedDigest is [Suppressed] for a value of which only the digest is known. It knows the
// shipped list but not the service mailboxes, of which there is one at every domain.
func SuppressedDigest(t Type, d Digest) (reason string, ok bool) {
	reason, ok = suppressedDigests()[typedDigest{t, d}]
	return reason, ok
}

// readSuppressed reads lines of "type<TAB>value<TAB>reason"; # starts a comment.
func readSuppressed(list string) (map[typedDigest]string, error) {
	out := make(map[typedDigest]string)
	for n, line := range strings.Split(list, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("suppressed.txt line %d: want type, value, reason", n+1)
		}
		c, err := Canonicalise(Type(fields[0]), fields[1], Options{})
		if err != nil {
			return nil, fmt.Errorf("suppressed.txt line %d: %w", n+1, err)
		}
		out[typedDigest{c.typ, c.Digest()}] = fields[2]
	}
	return out, nil
}
