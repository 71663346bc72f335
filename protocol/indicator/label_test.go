package indicator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
	"github.com/crosslight/crosslight/protocol/wire"
	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

// goodLabels are the least, a usual and the longest label.
func goodLabels() []indicator.Label {
	return []indicator.Label{
		{Category: indicator.Unspecified},
		{Category: indicator.Livestream, Severity: ptr(3), Reference: ptr("CASE-2026/0042")},
		{
			Category: indicator.FinancialExtortion, Severity: ptr(5),
			FirstSeen: ptr(indicator.Date("2026-01-02")), Expires: ptr(indicator.Date("2027-01-02")),
			Reference: ptr(strings.Repeat("r", indicator.MaxReference)), Contact: ptr(strings.Repeat("c", indicator.MaxContact)),
			Confidence: ptr(indicator.Investigation),
		},
	}
}

func TestLabelRoundTrip(t *testing.T) {
	for _, l := range goodLabels() {
		b, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := indicator.DecodeLabel(b)
		if err != nil || !cmp.Equal(l, back) {
			t.Errorf("%v\n%s", err, cmp.Diff(l, back))
		}
	}
}

func TestLabelRefusals(t *testing.T) {
	long := ptr(strings.Repeat("x", 81))
	for name, l := range map[string]indicator.Label{
		"no category":          {},
		"unknown category":     {Category: "spam"},
		"severity 0":           {Category: indicator.CSAM, Severity: ptr(0)},
		"severity 6":           {Category: indicator.CSAM, Severity: ptr(6)},
		"long reference":       {Category: indicator.CSAM, Reference: long},
		"empty reference":      {Category: indicator.CSAM, Reference: ptr("")},
		"control in reference": {Category: indicator.CSAM, Reference: ptr("a\x1b[2Jb")},
		"invisible in contact": {Category: indicator.CSAM, Contact: ptr("a\u202eb")},
		"contact not UTF-8":    {Category: indicator.CSAM, Contact: ptr("a\xff")},
		"long contact":         {Category: indicator.CSAM, Contact: long},
		"unknown confidence":   {Category: indicator.CSAM, Confidence: ptr(indicator.Confidence("sure"))},
		"no such date":         {Category: indicator.CSAM, FirstSeen: ptr(indicator.Date("2026-02-30"))},
		"date of another form": {Category: indicator.CSAM, Expires: ptr(indicator.Date("30.01.2026"))},
		"expires before seen":  {Category: indicator.CSAM, FirstSeen: ptr(indicator.Date("2026-02-02")), Expires: ptr(indicator.Date("2026-02-01"))},
		"timestamp in a date":  {Category: indicator.CSAM, Expires: ptr(indicator.Date("2026-02-01T00:00:00Z"))},
	} {
		if _, err := l.Encode(); !errors.Is(err, indicator.ErrLabel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeLabelRefusals(t *testing.T) {
	good, err := goodLabels()[1].Encode()
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := wire.Encode(map[uint64]any{1: "csam", 9: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty":               {},
		"truncated":           good[:len(good)-1],
		"bytes after the end": append(append([]byte{}, good...), 0),
		"unknown field":       unknown,
		"no category":         {0xA0},
		"not a map":           {0x01},
		"null category":       {0xA1, 0x01, 0xF6},
		"long form integer":   {0xA1, 0x18, 0x01, 0x64, 'c', 's', 'a', 'm'},
		"explicit null":       {0xA2, 0x01, 0x64, 'c', 's', 'a', 'm', 0x02, 0xF6},
		"too long":            make([]byte, indicator.MaxLabel+1),
	} {
		if _, err := indicator.DecodeLabel(b); !errors.Is(err, indicator.ErrLabel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]indicator.Date{
		"2026-02-28":                "2026-02-28",
		"2024-02-29":                "2024-02-29",
		"2026-02-28T23:59:59Z":      "2026-02-28",
		"2026-02-28T23:59:59+14:00": "2026-02-28",
		"2026-02-29":                "", "2026-2-8": "", "28/02/2026": "", "": "", "2026-02-28 10:00": "", "20260228": "",
	} {
		got, err := indicator.ParseDate(in)
		if got != want || (want == "") != errors.Is(err, indicator.ErrDate) {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

func TestParseCategory(t *testing.T) {
	for _, c := range indicator.Categories() {
		got, err := indicator.ParseCategory(string(c))
		m, ok := indicator.MappingOf(c)
		if err != nil || got != c || !ok || m.About == "" {
			t.Errorf("%s: %s %v %v", c, got, m, err)
		}
	}
	for in, want := range map[string]indicator.Category{
		"CSAM": indicator.CSAM, " Financial Extortion ": indicator.FinancialExtortion, "sextortion": indicator.FinancialExtortion,
		"IWF A": indicator.CSAMIWFA, "B2": indicator.CSAMB2, "live_streamed_abuse": indicator.Livestream,
		"": "", "spam": "", "csam-": "", "csam a3": "",
	} {
		got, err := indicator.ParseCategory(in)
		if got != want || (want == "") != errors.Is(err, indicator.ErrCategory) {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

func TestDateArithmetic(t *testing.T) {
	d := indicator.DateOf(time.Date(2026, 2, 28, 23, 30, 0, 0, time.FixedZone("", -3600)))
	if d != "2026-03-01" || d.AddDays(-1) != "2026-02-28" || d.AddDays(30) != "2026-03-31" {
		t.Errorf("%s, the day before %s, 30 days later %s", d, d.AddDays(-1), d.AddDays(30))
	}
	if d.Before(d) || !d.AddDays(-1).Before(d) || indicator.Date("x").AddDays(1) != "x" {
		t.Error("dates do not sort")
	}
}
