package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	prettytext "github.com/jedib0t/go-pretty/v6/text"
	"go.yaml.in/yaml/v3"
)

// print writes data to standard output in the format that was asked for. The JSON form is the
// contract; YAML is the same document, and the table is for people.
func (a *app) print(data any, asTable func(*table)) error {
	switch a.cfg.Output {
	case "json":
		b, err := marshal(data)
		if err != nil {
			return err
		}
		_, err = a.out.Write(b)
		return err
	case "yaml":
		return a.printYAML(data)
	}
	t := &table{out: a.out}
	asTable(t)
	return t.err
}

func marshal(data any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(data); err != nil {
		return nil, fmt.Errorf("write the answer as JSON: %w", err)
	}
	return b.Bytes(), nil
}

// printYAML goes through JSON, which is YAML already, so that both have the same keys in the same
// order.
func (a *app) printYAML(data any) error {
	b, err := marshal(data)
	if err != nil {
		return err
	}
	return writeYAML(a.out, b)
}

// writeYAML writes a JSON document as YAML.
func writeYAML(w io.Writer, b []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return err
	}
	plain(&doc)
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return err
	}
	return enc.Close()
}

// plain drops the quotes and braces of JSON where YAML needs none.
func plain(n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!str":
		// Older parsers read a plain no or 1:20 as something else; the library knows which to quote.
		if b, err := yaml.Marshal(n.Value); err == nil && !bytes.ContainsAny(b[:1], `"'|>`) {
			n.Style = 0
		}
	case n.Kind == yaml.ScalarNode || len(n.Content) > 0:
		n.Style = 0
	}
	for _, child := range n.Content {
		plain(child)
	}
}

// table writes what people read. Its first error sticks.
type table struct {
	out io.Writer
	err error
}

func (t *table) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.out, format+"\n", args...)
	}
}

// dryRun heads the table of what would be done and was not.
func (t *table) dryRun(dry bool, done string) {
	if dry {
		t.line("Dry run: nothing was %s.", done)
	}
}

// more says how to go on behind a page, unless it is the last.
func (t *table) more(cursor string) {
	if cursor != "" {
		t.line("More: --cursor %s", cursor)
	}
}

// widestCell is where the last column of a table wraps. A hash in hex fits.
const widestCell = 72

// rows writes a table with a header. Colours are left out: it reads the same through a pipe.
func (t *table) rows(header []string, rows [][]any) {
	w := pretty.NewWriter()
	style := pretty.StyleLight
	style.Options = pretty.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = "  "
	w.SetStyle(style)
	w.SetColumnConfigs([]pretty.ColumnConfig{{
		Number: len(header), WidthMax: widestCell, WidthMaxEnforcer: prettytext.WrapSoft,
	}})
	head := pretty.Row{}
	for _, h := range header {
		head = append(head, strings.ToUpper(h))
	}
	w.AppendHeader(head)
	for _, r := range rows {
		row := pretty.Row{}
		for _, cell := range r {
			row = append(row, text(cell))
		}
		w.AppendRow(row)
	}
	for line := range strings.Lines(w.Render()) {
		t.line("%s", strings.TrimRight(line, " \n"))
	}
}

// fields writes a struct as one line a field, named as in JSON; of a struct inside, the name comes
// first.
func (t *table) fields(v any) { t.fieldsOf("", reflect.ValueOf(v)) }

func (t *table) fieldsOf(prefix string, s reflect.Value) {
	for i := range s.NumField() {
		name, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
		name = prefix + strings.ReplaceAll(name, "_", " ")
		if f := s.Field(i); f.Kind() == reflect.Struct {
			t.fieldsOf(name+" ", f)
		} else {
			t.line("%-18s %s", name, text(f.Interface()))
		}
	}
}

// text is a cell. Absent is a dash. Control characters of another member's words are not passed on to
// a terminal.
func text(v any) string {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return "-"
		}
		r = r.Elem()
	}
	if !r.IsValid() {
		return "-"
	}
	s := ""
	if l, ok := r.Interface().([]string); ok {
		s = strings.Join(l, ", ")
	} else {
		s = fmt.Sprint(r.Interface())
	}
	if s == "" {
		return "-"
	}
	return strings.Map(printable, s)
}

func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return '\uFFFD'
	}
	return r
}
