package local

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/crosslight/crosslight/ledger/entry"
)

// decoded turns a body of an entry into what becomes JSON: fields by their names in snake case, byte
// strings in hex, a proposal's content decoded. Every kind of entry is shown in full by it, the ones
// that come later too.
func decoded(v any) any {
	if p, ok := v.(entry.Propose); ok {
		content, err := p.Decode()
		if err != nil { // every leaf was accepted, so this is our own bug; its bytes are shown
			return map[string]any{"proposal": p.Proposal.String(), "content": hex.EncodeToString(p.Content), "reason": p.Reason}
		}
		return map[string]any{"proposal": p.Proposal.String(), "content": decoded(content), "reason": p.Reason}
	}
	return decodedValue(reflect.ValueOf(v))
}

func decodedValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return decodedValue(v.Elem())
	case reflect.Struct:
		return decodedStruct(v)
	case reflect.Slice, reflect.Array:
		return decodedList(v)
	case reflect.String:
		return v.String()
	}
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	return v.Interface()
}

func decodedStruct(v reflect.Value) any {
	out := map[string]any{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			out[snake(f.Name)] = decodedValue(v.Field(i))
		}
	}
	return out
}

func decodedList(v reflect.Value) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return hex.EncodeToString(b)
	}
	out := []any{}
	for i := range v.Len() {
		out = append(out, decodedValue(v.Index(i)))
	}
	return out
}

// snake writes a field's name as JSON has it: EvaluationsPerDay is evaluations_per_day, LedgerID is
// ledger_id.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		starts := i > 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
