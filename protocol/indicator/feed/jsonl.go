package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// Reasons about lines of JSON.
const (
	refusalJSON      = "not a JSON object on one line"
	refusalJSONKey   = "a key that is none of type,value,category,severity,reference,first_seen,expires,contact,confidence"
	refusalJSONTwice = "a key occurs twice"
	refusalJSONValue = "a value that is neither a string nor null (severity may be a number)"
)

// jsonLines reads one JSON object a line. It goes by tokens, so that a key that occurs twice, of
// which encoding/json would keep the last, is refused.
type jsonLines struct{ in *lines }

func (j *jsonLines) next() (record, error) {
	l, err := j.in.next()
	if err != nil {
		return record{}, err
	}
	if l.long {
		return record{line: l.n, refusal: refusalLong}, nil
	}
	f, refusal := parseObject(l.text)
	return record{line: l.n, fields: f, refusal: refusal}, nil
}

// parseObject reads one object of strings, or says why it cannot.
func parseObject(text []byte) (fields, string) {
	var f fields
	if !utf8.Valid(text) {
		return f, "not valid UTF-8"
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return f, refusalJSON
	}
	var seen []string
	for dec.More() {
		key, refusal := parseMember(dec, &f)
		if refusal != "" {
			return f, refusal
		}
		if has(seen, key) {
			return f, refusalJSONTwice
		}
		seen = append(seen, key)
	}
	if _, err := dec.Token(); err != nil {
		return f, refusalJSON
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return f, refusalJSON
	}
	return f, ""
}

// parseMember reads one key and its value into f.
func parseMember(dec *json.Decoder, f *fields) (key, refusal string) {
	t, err := dec.Token()
	if err != nil {
		return "", refusalJSON
	}
	key, ok := t.(string)
	if !ok {
		return "", refusalJSON
	}
	field := f.at(key)
	if field == nil {
		return "", refusalJSONKey
	}
	t, err = dec.Token()
	if err != nil {
		return "", refusalJSON
	}
	switch v := t.(type) {
	case nil:
	case string:
		*field = v
	case json.Number:
		if key != "severity" {
			return "", refusalJSONValue
		}
		*field = v.String()
	default:
		return "", refusalJSONValue
	}
	return key, ""
}
