package feed

import "strings"

// recordState says how the text of a record ended.
type recordState int

const (
	complete  recordState = iota
	unclosed              // inside quotes: the record goes on in the next line
	malformed             // a quote where RFC 4180 allows none
)

// splitRecord splits one record of RFC 4180 into its fields, appended to dst.
func splitRecord(s string, dst []string) ([]string, recordState) {
	for {
		var (
			field string
			state recordState
		)
		if strings.HasPrefix(s, `"`) {
			field, s, state = quoted(s[1:])
		} else {
			field, s, state = unquoted(s)
		}
		if state != complete {
			return dst, state
		}
		dst = append(dst, field)
		if s == "" {
			return dst, complete
		}
		s = s[1:] // the comma
	}
}

// unquoted takes a field up to the next comma, which stays in rest.
func unquoted(s string) (field, rest string, state recordState) {
	end := strings.IndexByte(s, ',')
	if end < 0 {
		end = len(s)
	}
	if strings.IndexByte(s[:end], '"') >= 0 {
		return "", "", malformed
	}
	return s[:end], s[end:], complete
}

// quoted takes a field whose opening quote is read, up to the comma behind its closing quote.
func quoted(s string) (field, rest string, state recordState) {
	var b strings.Builder
	for {
		end := strings.IndexByte(s, '"')
		if end < 0 {
			return "", "", unclosed
		}
		b.WriteString(s[:end])
		s = s[end+1:]
		if strings.HasPrefix(s, `"`) {
			b.WriteByte('"')
			s = s[1:]
			continue
		}
		if s != "" && s[0] != ',' {
			return "", "", malformed
		}
		return b.String(), s, complete
	}
}
