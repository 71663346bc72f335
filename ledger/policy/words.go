package policy

import "fmt"

// DescribeCeilings says in words, a line each, what the ceilings of next change against those of now.
func DescribeCeilings(now, next Policy) []string {
	var lines []string
	for _, c := range next.Ceilings {
		switch old, bounded := now.Ceiling(c.Type); {
		case !bounded:
			lines = append(lines, "Added "+c.String()+".")
		case old != c.EvaluationsPerDay:
			lines = append(lines, fmt.Sprintf("Changed %s; it was %d.", c, old))
		}
	}
	for _, c := range now.Ceilings {
		if _, bounded := next.Ceiling(c.Type); !bounded {
			lines = append(lines, fmt.Sprintf("Removed %s: all queriers together are bound by their own budgets only.", c))
		}
	}
	return lines
}

// EpochWords says how old an epoch may grow.
func EpochWords(days uint64) string {
	if days == 0 {
		return "Epochs end by the board's vote or a suspension only."
	}
	return fmt.Sprintf("An epoch ends %d days after it was opened.", days)
}

func (c Ceiling) String() string {
	text := fmt.Sprintf("ceiling of %d %s a day for all queriers of a holder together", c.EvaluationsPerDay, c.Type)
	if days, enumerable := DaysToEnumerate(c); enumerable {
		text += fmt.Sprintf(" (all there are would take about %d days)", days)
	}
	return text
}
