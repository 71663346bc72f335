package indicator

import (
	"errors"
	"strings"
)

// Category says what an indicator is about, in the project's taxonomy.
type Category string

// The categories of crosslight/indicator/v1.
const (
	CSAM               Category = "csam"
	CSAMBaseline       Category = "csam-baseline"
	CSAMA1             Category = "csam-a1"
	CSAMA2             Category = "csam-a2"
	CSAMB1             Category = "csam-b1"
	CSAMB2             Category = "csam-b2"
	CSAMIWFA           Category = "csam-iwf-a"
	CSAMIWFB           Category = "csam-iwf-b"
	CSAMIWFC           Category = "csam-iwf-c"
	Livestream         Category = "livestream"
	FinancialExtortion Category = "financial-extortion"
	SexualExtortion    Category = "sexual-extortion"
	Grooming           Category = "grooming"
	Solicitation       Category = "solicitation"
	Payment            Category = "payment"
	Distribution       Category = "distribution"
	Trafficking        Category = "trafficking"
	Unspecified        Category = "unspecified"
)

// ErrCategory reports a category that is not in the taxonomy.
var ErrCategory = errors.New("unknown category")

// Mapping says what a category is called elsewhere; an empty field has no counterpart.
type Mapping struct {
	Interpol string // Interpol Baseline
	IWF      string // Internet Watch Foundation, categories A to C
	NCMEC    string // NCMEC, A1 to B2
	FATF     string // Financial Action Task Force, 2025
	About    string // what it covers, in a line
}

// fatfLivestream and fatfExtortion are the two typologies into which FATF splits payments.
const (
	fatfLivestream = "live-streamed sexual abuse of children"
	fatfExtortion  = "financial sexual extortion of children"
)

// taxonomy lists the categories in the order of the specification.
var taxonomy = []struct {
	Category Category
	Mapping  Mapping
	aliases  []string
}{
	{CSAM, Mapping{About: "material, not graded"}, []string{"csem", "cse", "csea"}},
	{CSAMBaseline, Mapping{Interpol: "baseline", About: "material that is illegal nearly everywhere"}, []string{"baseline", "interpol-baseline"}},
	{CSAMA1, Mapping{Interpol: "baseline", NCMEC: "A1", About: "prepubescent child, sexual act"}, []string{"a1", "ncmec-a1"}},
	{CSAMA2, Mapping{Interpol: "baseline", NCMEC: "A2", About: "prepubescent child, lascivious exhibition"}, []string{"a2", "ncmec-a2"}},
	{CSAMB1, Mapping{NCMEC: "B1", About: "pubescent child, sexual act"}, []string{"b1", "ncmec-b1"}},
	{CSAMB2, Mapping{NCMEC: "B2", About: "pubescent child, lascivious exhibition"}, []string{"b2", "ncmec-b2"}},
	{CSAMIWFA, Mapping{IWF: "A", About: "penetrative activity, sadism"}, []string{"iwf-a"}},
	{CSAMIWFB, Mapping{IWF: "B", About: "non-penetrative activity"}, []string{"iwf-b"}},
	{CSAMIWFC, Mapping{IWF: "C", About: "other indecent material"}, []string{"iwf-c"}},
	{Livestream, Mapping{FATF: fatfLivestream, About: "live-streamed abuse, ordered or watched"}, []string{"livestreaming", "live-stream", "livestreamed-abuse", "live-streamed-abuse", "lsac"}},
	{FinancialExtortion, Mapping{FATF: fatfExtortion, About: "extortion of a child for money"}, []string{"sextortion", "financial-sextortion", "fsec"}},
	{SexualExtortion, Mapping{About: "extortion of a child for more material or contact"}, nil},
	{Grooming, Mapping{About: "winning a child's trust for abuse"}, []string{"enticement"}},
	{Solicitation, Mapping{About: "asking a child or others for material or acts"}, nil},
	{Payment, Mapping{FATF: fatfLivestream, About: "money for material or acts"}, []string{"commercial"}},
	{Distribution, Mapping{About: "sharing or selling material"}, []string{"sharing", "possession"}},
	{Trafficking, Mapping{About: "a child moved or offered for abuse"}, nil},
	{Unspecified, Mapping{About: "a feed that carries no categories"}, []string{"other", "unknown"}},
}

// categoryNames maps every accepted spelling to its category.
var categoryNames = func() map[string]Category {
	names := make(map[string]Category)
	for _, t := range taxonomy {
		names[string(t.Category)] = t.Category
		for _, a := range t.aliases {
			names[a] = t.Category
		}
	}
	return names
}()

// Categories lists the taxonomy in the order of the specification.
func Categories() []Category {
	out := make([]Category, len(taxonomy))
	for i, t := range taxonomy {
		out[i] = t.Category
	}
	return out
}

// ParseCategory reads a category by its name or by another scheme's name for it, in any case and
// with spaces or underscores for hyphens. The error wraps [ErrCategory] and does not repeat s.
func ParseCategory(s string) (Category, error) {
	folded := strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(strings.TrimFunc(s, trimmed)))
	if c, ok := categoryNames[folded]; ok {
		return c, nil
	}
	return "", ErrCategory
}

// MappingOf returns what a category is called elsewhere; ok is false for an unknown one.
func MappingOf(c Category) (Mapping, bool) {
	for _, t := range taxonomy {
		if t.Category == c {
			return t.Mapping, true
		}
	}
	return Mapping{}, false
}
