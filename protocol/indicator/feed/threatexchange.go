package feed

import (
	"bytes"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// threatExchange reads the lines "<signal_type> <value>" that python-threatexchange's tool writes
// and reads. They carry no label.
type threatExchange struct{ in *lines }

// signalTypes maps the signal types of python-threatexchange that differ from ours.
var signalTypes = map[string]indicator.Type{
	"video_md5":      indicator.MD5,
	"photo_md5":      indicator.MD5,
	"video_tmk_pdqf": indicator.TMK,
	"video_vpdq":     indicator.VPDQ,
}

// signalType returns our type for a signal type.
func signalType(s string) (indicator.Type, bool) {
	s = strings.ToLower(s)
	if t, ok := signalTypes[s]; ok {
		return t, true
	}
	t, err := indicator.ParseType(s)
	return t, err == nil
}

func (t *threatExchange) next() (record, error) {
	l, err := t.in.next()
	if err != nil {
		return record{}, err
	}
	if l.long {
		return record{line: l.n, refusal: refusalLong}, nil
	}
	text := string(bytes.TrimSpace(l.text))
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		return record{line: l.n, refusal: "write <signal_type> <value>"}, nil
	}
	typ, ok := signalType(text[:end])
	if !ok {
		return record{line: l.n, refusal: "signal type has no indicator type"}, nil
	}
	return record{line: l.n, fields: fields{typ: string(typ), value: text[end+1:], noCategory: true}}, nil
}
