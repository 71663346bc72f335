package feed

import (
	"path"
	"strings"
)

// detectBytes is how much of a feed's beginning [Detect] looks at.
const detectBytes = 4 << 10

// extensions maps file extensions to formats.
var extensions = map[string]Format{
	".csv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".tx": ThreatExchange, ".threatexchange": ThreatExchange,
}

// Detect tells the format of a feed from its first bytes or, failing that, from the extension of its
// name; either may be empty. A feed without content counts as CSV. The error is [ErrFormat] or
// [ErrEncoding].
func Detect(name string, head []byte) (Format, error) {
	text := string(head)
	if strings.HasPrefix(text, "\xFF\xFE") || strings.HasPrefix(text, "\xFE\xFF") {
		return "", ErrEncoding
	}
	text = strings.TrimSpace(strings.TrimPrefix(text, bom))
	first, _, _ := strings.Cut(text, "\n")
	if f, ok := detectLine(first); ok {
		return f, nil
	}
	if f, ok := extensions[strings.ToLower(path.Ext(name))]; ok {
		return f, nil
	}
	if text == "" {
		return CSV, nil
	}
	return "", ErrFormat
}

// detectLine tells the format from the first line that is not blank.
func detectLine(first string) (Format, bool) {
	if strings.HasPrefix(first, "{") {
		return JSONL, true
	}
	columns := strings.Split(first, ",")
	for i, c := range columns {
		columns[i] = columnName(strings.Trim(c, "\" \t\r"))
	}
	if has(columns, "type") && has(columns, "value") {
		return CSV, true
	}
	token, rest, _ := strings.Cut(strings.TrimRight(first, "\r"), " ")
	if _, ok := signalType(token); ok && strings.TrimSpace(rest) != "" {
		return ThreatExchange, true
	}
	return "", false
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
