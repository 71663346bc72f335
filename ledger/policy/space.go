package policy

import "github.com/crosslight/crosslight/protocol/indicator"

// spaces are the types whose values somebody can go through, with about how many there are to try:
// telephone numbers and accounts in use, IPv4 addresses, serial numbers of devices of common models,
// registered domains. All orders of magnitude, and of what exists, not of what the form allows.
var spaces = map[indicator.Type]uint64{
	indicator.Phone:       10_000_000_000,
	indicator.EWallet:     10_000_000_000,
	indicator.BankAccount: 10_000_000_000,
	indicator.IBAN:        10_000_000_000,
	indicator.PlatformID:  10_000_000_000,
	indicator.Device:      100_000_000_000,
	indicator.IP:          1 << 32,
	indicator.Domain:      400_000_000,
}

// Space returns about how many values of a type there are for a guesser to try, and whether that is few
// enough to go through them. A type without one (addresses of e-mail, hashes of files) can still be
// asked about from lists; budgets bound that, no ceiling does.
func Space(typ string) (values uint64, enumerable bool) {
	values, enumerable = spaces[indicator.Type(typ)]
	return values, enumerable
}

// DaysToEnumerate says how many days a holder takes to answer about a whole value space at a ceiling.
func DaysToEnumerate(c Ceiling) (days uint64, enumerable bool) {
	values, enumerable := Space(c.Type)
	if !enumerable || c.EvaluationsPerDay == 0 {
		return 0, false
	}
	return values / c.EvaluationsPerDay, true
}

// defaultCeilings are for all enumerable types: a million a day, with which ten thousand days go into
// the telephone numbers of the world, and a hundred into those of a country of average size.
func defaultCeilings() []Ceiling {
	var out []Ceiling
	for typ := range spaces {
		out = append(out, Ceiling{Type: string(typ), EvaluationsPerDay: 1_000_000})
	}
	return out // in any order: Normalise sorts
}
