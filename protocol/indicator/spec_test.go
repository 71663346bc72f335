package indicator

import (
	"os"
	"strings"
	"testing"
)

// TestSpecification requires that the specification names whatever the code accepts by name.
func TestSpecification(t *testing.T) {
	b, err := os.ReadFile("../../specs/indicators.md")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{Version}
	for _, typ := range Types() {
		names = append(names, string(typ))
	}
	for _, c := range Categories() {
		names = append(names, string(c))
	}
	for name := range chains {
		names = append(names, name)
	}
	for name := range wallets {
		names = append(names, name)
	}
	for name, to := range platformAliases {
		names = append(names, name, to)
	}
	for name := range handles {
		names = append(names, name)
	}
	for name := range serviceMailboxes {
		names = append(names, name)
	}
	for _, n := range names {
		if !strings.Contains(string(b), "`"+n+"`") {
			t.Errorf("%s is not in specs/indicators.md", n)
		}
	}
}

// TestIBANVectorsCoverRegistry requires an example of every country of the registry.
func TestIBANVectorsCoverRegistry(t *testing.T) {
	b, err := os.ReadFile("../../specs/vectors/indicator-iban.json")
	if err != nil {
		t.Fatal(err)
	}
	for country, length := range ibanLength {
		if !strings.Contains(string(b), `"canonical": "`+country) {
			t.Errorf("no example of %s", country)
		}
		if !isCountry(country) || length < 15 || length > 34 {
			t.Errorf("%s with %d characters", country, length)
		}
	}
}

// TestSuppressedList requires that the shipped list loads and holds no line twice.
func TestSuppressedList(t *testing.T) {
	list, err := readSuppressed(suppressedList)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, l := range strings.Split(suppressedList, "\n") {
		if l != "" && l[0] != '#' {
			lines++
		}
	}
	if len(list) != lines {
		t.Errorf("%d indicators on %d lines", len(list), lines)
	}
	for _, broken := range []string{"email\ta@example.com", "email\tnobody\treason", "e-mail\ta@example.com\treason"} {
		if _, err := readSuppressed(broken); err == nil {
			t.Errorf("%q loads", broken)
		}
	}
}
