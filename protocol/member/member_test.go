package member_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/crosslight/crosslight/protocol/member"
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{
		"A", "7", "Bank B", "Police C.", "Société Générale", "O'Neill & Sons (UK)", "a_b-c.d", "Ünïcode",
		"警察庁", strings.Repeat("a", member.MaxName),
	} {
		if err := member.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for why, name := range map[string]string{
		"empty":                "",
		"a space":              " ",
		"space before":         " Bank",
		"space after":          "Bank ",
		"two spaces":           "Bank  B",
		"dash before":          "-Bank",
		"dash after":           "Bank-",
		"too long":             strings.Repeat("a", member.MaxName+1),
		"line feed":            "Bank\nB",
		"line feed at the end": "Bank\n",
		"tab":                  "Bank\tB",
		"zero byte":            "Bank\x00",
		"slash":                "Bank/B",
		"quote":                `Bank "B"`,
		"star":                 "*",
		"colon":                "Bank:B",
		"not NFC":              "Socie\u0301te\u0301",
		"not UTF-8":            "Bank\xff",
		"right-to-left mark":   "Bank\u200f B",
		"zero-width space":     "Bank\u200bB",
		"no-break space":       "Bank\u00a0B",
	} {
		if err := member.CheckName(name); !errors.Is(err, member.ErrName) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestSectors(t *testing.T) {
	if len(member.Sectors()) != 6 {
		t.Errorf("sectors %v", member.Sectors())
	}
	for _, s := range member.Sectors() {
		if got, err := member.ParseSector(string(s)); err != nil || got != s {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, bad := range []string{"", "Tech", "press", "tech ", "*"} {
		if _, err := member.ParseSector(bad); !errors.Is(err, member.ErrSector) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFoldName(t *testing.T) {
	if member.FoldName("Bank B") != member.FoldName("BANK b") || member.FoldName("Bank B") == member.FoldName("Bank C") {
		t.Error("names fold wrongly")
	}
}

// TestNamesStayPrintable: whatever passes can be shown on a line of its own.
func TestNamesStayPrintable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.String().Draw(rt, "name")
		if member.CheckName(name) == nil && (strings.ContainsAny(name, "\n\r\t\x00\x1b/:*\"") || strings.TrimSpace(name) != name) {
			rt.Fatalf("%q passes", name)
		}
	})
}
