package main

import (
	"fmt"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// row is one data line.
type row struct {
	typ, raw                               string
	category, severity, firstSeen, expires string
	reference, contact, confidence         string
}

// duplicates is how many rows repeat an earlier one in another spelling.
const duplicates = 60

// rows lays out a member's file: what it holds, what is refused and suppressed, shuffled; repeated
// rows come after what they repeat; every row has a reference of its own.
func (m *member) rows(r *random) []row {
	checkMess(m.region)
	var out []row
	for _, v := range m.held {
		out = append(out, m.row(r, v.typ, v.write(r, m.region)))
	}
	for _, v := range refusedValues {
		out = append(out, m.row(r, v.typ, v.raw))
	}
	for _, v := range suppressedValues {
		out = append(out, m.row(r, v.typ, v.raw))
	}
	shuffle(r, out)
	for range duplicates {
		v := m.held[r.below(len(m.held))]
		out = append(out, m.row(r, v.typ, v.write(r, m.region)))
	}
	for i := range out {
		out[i].reference = fmt.Sprintf(m.reference, 1000+7*i)
	}
	return out
}

// row invents the label. An address gets no first_seen: it expires 30 days after it, and the example
// must not go stale.
func (m *member) row(r *random, typ indicator.Type, raw string) row {
	out := row{typ: string(typ), raw: raw, category: category(r, typ)}
	if r.below(3) > 0 {
		out.severity = fmt.Sprint(1 + r.below(5))
	}
	if typ != indicator.IP && r.below(2) == 0 {
		out.firstSeen = fmt.Sprintf("2024-%02d-%02d", 1+r.below(12), 1+r.below(28))
	}
	if typ != indicator.IP && r.below(10) == 0 {
		out.expires = "2099-12-31"
	}
	out.confidence = oneOf(r, "", "confirmed", "investigation", "automated")
	out.contact = oneOf(r, "", "desk@fairview.example")
	return out
}

// category picks one that suits the type, under one of its names.
func category(r *random, typ indicator.Type) string {
	switch typ {
	case indicator.SHA256, indicator.SHA1, indicator.MD5, indicator.PDQ, indicator.PhotoDNA, indicator.TMK, indicator.VPDQ:
		return oneOf(r, "csam", "CSAM", "csam-baseline", "A1", "csam-b2", "IWF A", "csam-iwf-c")
	case indicator.IBAN, indicator.BankAccount, indicator.EWallet, indicator.Crypto:
		return oneOf(r, "payment", "livestream", "financial-extortion", "Sextortion")
	case indicator.URL, indicator.Domain:
		return oneOf(r, "distribution", "csam", "solicitation")
	}
	return oneOf(r, "grooming", "solicitation", "financial-extortion", "sexual-extortion", "livestream", "trafficking")
}
