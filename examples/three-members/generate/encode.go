package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
)

// encodeSpreadsheet writes CSV as spreadsheets export it: byte order mark, CRLF, a blank line here
// and there.
func encodeSpreadsheet(rows []row) []byte {
	var b bytes.Buffer
	b.WriteString("\uFEFF")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	record(w, "type", "value", "category", "severity", "reference", "first_seen", "expires")
	for i, r := range rows {
		if i%500 == 499 {
			w.Flush()
			b.WriteString("\r\n")
		}
		record(w, r.typ, r.raw, r.category, r.severity, r.reference, r.firstSeen, r.expires)
	}
	w.Flush()
	return b.Bytes()
}

// encodeRegister writes CSV with columns in an order of its own, types in capitals now and then, and
// the two columns that the others lack.
func encodeRegister(rows []row) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	record(w, "Reference", "Type", "Value", "Category", "Confidence", "Contact", "First_Seen")
	for i, r := range rows {
		typ := r.typ
		if i%9 == 0 {
			typ = strings.ToUpper(typ)
		}
		record(w, r.reference, typ, r.raw, r.category, r.confidence, r.contact, r.firstSeen)
	}
	w.Flush()
	return b.Bytes()
}

func record(w *csv.Writer, fields ...string) {
	if err := w.Write(fields); err != nil {
		panic(err) // into a buffer
	}
}

// encodeJSONLines writes one object a line, with timestamps for dates as databases export them.
func encodeJSONLines(rows []row) []byte {
	var b bytes.Buffer
	for _, r := range rows {
		fields := []string{pair("type", r.typ), pair("value", r.raw), pair("category", r.category)}
		if r.severity != "" {
			fields = append(fields, `"severity":`+r.severity)
		}
		fields = append(fields, pair("reference", r.reference))
		if r.firstSeen != "" {
			fields = append(fields, pair("first_seen", r.firstSeen+"T09:30:00Z"))
		}
		if r.expires != "" {
			fields = append(fields, pair("expires", r.expires))
		}
		fmt.Fprintf(&b, "{%s}\n", strings.Join(fields, ","))
	}
	return b.Bytes()
}

func pair(key, text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a string
	}
	return `"` + key + `":` + strings.TrimSpace(b.String())
}
