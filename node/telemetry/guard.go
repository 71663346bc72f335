package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"time"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// Redacted stands in a log where something was taken out.
const Redacted = "[redacted]"

// secretLike finds what could be 32 bytes or more in a text: 64 hex digits in a row, or 32 numbers
// below 256 as fmt prints a byte array.
var secretLike = regexp.MustCompile(`[0-9A-Fa-f]{64,}|(?:0x[0-9A-Fa-f]{1,2}[ ,]+){31,}0x[0-9A-Fa-f]{1,2}|(?:\b\d{1,3}[ ,]+){31,}\d{1,3}\b`)

func scrub(text string) string { return secretLike.ReplaceAllLiteralString(text, Redacted) }

// Guard returns a handler that passes records on to next without digests and canonical forms.
//
// It works by what is allowed: numbers, times, booleans, [Public], and texts (strings, errors,
// Stringers and slices of strings) from which everything that looks like a digest has been taken.
// Every other value, an [indicator.Digest], an [indicator.Canonical], a byte slice or array and any
// struct, is replaced by its type's name. Message and keys are scrubbed as texts are. A raw value in
// a plain string cannot be told from other text: nothing that holds one may build a log line.
func Guard(next slog.Handler) slog.Handler { return &guard{next} }

type guard struct{ next slog.Handler }

func (g *guard) Enabled(ctx context.Context, l slog.Level) bool { return g.next.Enabled(ctx, l) }

func (g *guard) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, scrub(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(guarded(a))
		return true
	})
	return g.next.Handle(ctx, out)
}

func (g *guard) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &guard{g.next.WithAttrs(guardedAll(attrs))}
}

func (g *guard) WithGroup(name string) slog.Handler { return &guard{g.next.WithGroup(scrub(name))} }

func guardedAll(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = guarded(a)
	}
	return out
}

func guarded(a slog.Attr) slog.Attr { return slog.Attr{Key: scrub(a.Key), Value: value(a.Value)} }

func value(v slog.Value) slog.Value {
	if v.Kind() == slog.KindLogValuer && isSecret(v.Any()) {
		return redactedType(v.Any())
	}
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(scrub(v.String()))
	case slog.KindGroup:
		return slog.GroupValue(guardedAll(v.Group())...)
	case slog.KindAny:
		return anything(v.Any())
	default: // numbers, booleans, times
		return v
	}
}

func isSecret(x any) bool {
	switch x.(type) {
	case indicator.Digest, *indicator.Digest, indicator.Canonical, *indicator.Canonical:
		return true
	}
	return false
}

func anything(x any) slog.Value {
	if isSecret(x) {
		return redactedType(x)
	}
	switch x := x.(type) {
	case nil:
		return slog.AnyValue(nil)
	case Public:
		return slog.StringValue(string(x))
	case error:
		return text(x.Error)
	case time.Time:
		return slog.TimeValue(x)
	case []string:
		out := make([]string, len(x))
		for i := range x {
			out[i] = scrub(x[i])
		}
		return slog.AnyValue(out)
	case fmt.Stringer:
		return text(x.String)
	}
	return simple(x)
}

// simple lets named strings, numbers and booleans through, by their kind.
func simple(x any) slog.Value {
	v := reflect.ValueOf(x)
	switch v.Kind() {
	case reflect.String:
		return slog.StringValue(scrub(v.String()))
	case reflect.Bool:
		return slog.BoolValue(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return slog.Int64Value(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return slog.Uint64Value(v.Uint())
	}
	return redactedType(x)
}

// text calls a value's own method, which may panic on a nil pointer: that must not end the node.
func text(f func() string) (v slog.Value) {
	defer func() {
		if recover() != nil {
			v = slog.StringValue(Redacted)
		}
	}()
	return slog.StringValue(scrub(f()))
}

func redactedType(x any) slog.Value {
	return slog.StringValue(fmt.Sprintf("%s %T", Redacted, x))
}
