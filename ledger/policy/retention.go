package policy

// Retention is how many days From must keep what it asked of To at the least, whatever rule it asked by:
// the smallest retention of the rules that name both. ok is false where none does. Of a, the parties
// count alone.
func Retention(p Policy, a Ask) (days uint64, ok bool) {
	for _, r := range p.Rules {
		if r.parties(a) && (!ok || r.RetentionDays < days) {
			days, ok = r.RetentionDays, true
		}
	}
	return days, ok
}
