package tlog_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/crosslight/crosslight/ledger/tlog"
	"github.com/crosslight/crosslight/protocol/member"
	"github.com/crosslight/crosslight/specs"
)

var update = flag.Bool("update", false, "write specs/vectors/checkpoint.json again")

const vectorFile = "vectors/checkpoint.json"

type vectors struct {
	Description string       `json:"description"`
	Origin      string       `json:"origin"`
	LogKey      string       `json:"log_key"`
	Cosigners   []string     `json:"cosigners"`
	Threshold   int          `json:"threshold"`
	Leaf        string       `json:"leaf"`
	OldRoot     string       `json:"old_root"`
	Cases       []vectorCase `json:"cases"`
}

// vectorCase is text of one type, and the name of the error; empty where it is accepted.
type vectorCase struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // key, note, cosigned, proof or growth
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
}

var errorNames = map[string]error{
	"key": tlog.ErrKey, "checkpoint": tlog.ErrCheckpoint, "proof": tlog.ErrProof,
	"policy": tlog.ErrPolicy, "proven": tlog.ErrProven,
}

func (v vectors) policy(t *testing.T) tlog.Policy {
	t.Helper()
	p := tlog.Policy{Origin: v.Origin, Threshold: v.Threshold}
	for i, s := range append([]string{v.LogKey}, v.Cosigners...) {
		k, err := tlog.ParseKey(s)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			p.LogKeys = append(p.LogKeys, k)
		} else {
			p.Cosigners = append(p.Cosigners, k)
		}
	}
	return p
}

// judge reads and verifies a case against the leaf, the old root and the policy of the file.
func (v vectors) judge(t *testing.T, c vectorCase) error {
	t.Helper()
	switch c.Type {
	case "key":
		_, err := tlog.ParseKey(c.Text)
		return err
	case "note":
		n, err := tlog.ParseNote([]byte(c.Text))
		if err == nil {
			_, err = v.policy(t).Check(n)
		}
		return err
	case "cosigned":
		n, err := tlog.ParseCosignedCheckpoint([]byte(c.Text))
		if err == nil {
			_, err = v.policy(t).Check(n.Note())
		}
		return err
	case "proof":
		p, err := tlog.ParseProof([]byte(c.Text))
		if err == nil {
			_, err = p.Verify([]byte(v.Leaf), v.policy(t))
		}
		return err
	case "growth":
		g, err := tlog.ParseGrowth([]byte(c.Text))
		if err == nil {
			_, err = v.policy(t).Check(g.Note)
		}
		if err == nil {
			root, _ := base64.StdEncoding.DecodeString(v.OldRoot)
			err = g.Verify(tlog.Hash(root))
		}
		return err
	}
	t.Fatalf("type %q", c.Type)
	return nil
}

// TestVectors runs specs/vectors/checkpoint.json.
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	raw, err := specs.Vectors.ReadFile(vectorFile)
	if *update {
		raw, err = os.ReadFile("../../specs/" + vectorFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	var file vectors
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		t.Fatal(err)
	}
	failures := 0
	for _, c := range file.Cases {
		want, ok := errorNames[c.Error]
		if !ok && c.Error != "" {
			t.Fatalf("%s: unknown error %q", c.Name, c.Error)
		}
		if want != nil {
			failures++
		}
		if err := file.judge(t, c); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s %s: %v, want %q", c.Type, c.Name, err, c.Error)
		}
	}
	if 2*failures < len(file.Cases) {
		t.Errorf("only %d of %d vectors are failures", failures, len(file.Cases))
	}
}

const vectorIndex, vectorOld = 3, 5

func writeVectors(t *testing.T) {
	t.Helper()
	tree, _ := proven(t)
	old, err := tree.RootAt(vectorOld)
	if err != nil {
		t.Fatal(err)
	}
	file := vectors{
		Description: "crosslight/checkpoints/v1: what is accepted by whoever asks for a signature of `log_key` and `threshold` cosignatures of `cosigners`, has `leaf` and has seen `old_root` over 5 leaves.",
		Origin:      sample().Origin, LogKey: tlog.LogKey(sample().Origin, member.PublicOf(logKey("a"))).String(),
		Threshold: 2, Leaf: string(leaf(vectorIndex)), OldRoot: base64.StdEncoding.EncodeToString(old[:]),
	}
	for _, n := range []string{"x", "y", "z"} {
		file.Cosigners = append(file.Cosigners, cosigner(n).String())
	}
	file.addKeys()
	file.addNotes(t)
	file.addProofs(t)
	file.addGrowth(t)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(file); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../specs/"+vectorFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (v *vectors) add(typ, name, err, text string) {
	v.Cases = append(v.Cases, vectorCase{name, typ, text, err})
}

func (v *vectors) addKeys() {
	good := cosigner("x").String()
	id := strings.Split(good, "+")[1]
	v.add("key", "a cosigner's", "", good)
	v.add("key", "a log's", "", v.LogKey)
	v.add("key", "an id that is another's", "key", strings.Replace(good, id, "00000000", 1))
	v.add("key", "a line feed at its end", "key", good+"\n")
	v.add("key", "a weak key", "key", tlog.CosignerKey(member.PublicKey{1}).String())
	v.add("key", "of type 0x06", "key", tlog.Key{Name: "w.example", Algorithm: 6, Public: cosigner("x").Public}.String())
}

// addNotes adds each text both as a note, whose order is free, and as a cosigned checkpoint, whose is not.
func (v *vectors) addNotes(t *testing.T) {
	both := func(name, note, cosigned, text string) {
		v.add("note", name, note, text)
		v.add("cosigned", name, cosigned, text)
	}
	good := string(cosigned(t, "x", "y").Bytes())
	text, sigs, _ := strings.Cut(good, "\n\n")
	text += "\n\n"
	lines := strings.SplitAfter(strings.TrimSuffix(sigs, "\n"), "\n")
	lines[2] += "\n"
	both("two cosignatures", "", "", good)
	both("another order", "", "checkpoint", text+lines[2]+lines[1]+lines[0])
	both("a line of an unknown type", "", "checkpoint", good+line("w.example", make([]byte, 5)))
	both("one cosignature", "policy", "policy", text+lines[0]+lines[1])
	both("two cosignatures, one of a stranger", "policy", "policy", string(cosigned(t, "x", "stranger").Bytes()))
	both("no log signature", "policy", "checkpoint", text+lines[1]+lines[2])
	both("a forged cosignature", "policy", "policy", strings.Replace(good, lines[2], forgedLine(t, lines[2]), 1))
	both("a line twice", "checkpoint", "checkpoint", good+lines[2])
	both("loose bits at the end", "checkpoint", "checkpoint", looseEnd(good))
	both("loose bits in the root", "checkpoint", "checkpoint", looseBits(good))
	both("an extension line", "checkpoint", "checkpoint", strings.Replace(good, "\n\n", "\nmore\n\n", 1))
	both("a size with a zero", "checkpoint", "checkpoint", strings.Replace(good, "\n7\n", "\n07\n", 1))
	both("carriage returns", "checkpoint", "checkpoint", strings.ReplaceAll(good, "\n", "\r\n"))
	both("no line feed at the end", "checkpoint", "checkpoint", strings.TrimSuffix(good, "\n"))
	both("no signature", "checkpoint", "checkpoint", text)
	both("another origin", "checkpoint", "checkpoint", strings.ReplaceAll(good, "crosslight/ledger/", "example.org/"))
}

// forgedLine changes a bit of the signature.
func forgedLine(t *testing.T, l string) string {
	t.Helper()
	at := strings.LastIndex(l, " ") + 1
	blob, err := base64.StdEncoding.DecodeString(strings.TrimSpace(l[at:]))
	if err != nil {
		t.Fatal(err)
	}
	blob[len(blob)-40] ^= 1
	return l[:at] + base64.StdEncoding.EncodeToString(blob) + "\n"
}

func (v *vectors) addProofs(t *testing.T) {
	p := inclusion(t, vectorIndex, nil)
	good := string(p.Bytes())
	hash := strings.Split(good, "\n")[2]
	v.add("proof", "of the leaf", "", good)
	v.add("proof", "with extra data", "", string(inclusion(t, vectorIndex, []byte("of no meaning")).Bytes()))
	v.add("proof", "of another leaf", "proven", string(inclusion(t, vectorIndex+1, nil).Bytes()))
	v.add("proof", "a hash too few", "proven", strings.Replace(good, hash+"\n", "", 1))
	v.add("proof", "a hash too many", "proven", strings.Replace(good, hash+"\n", hash+"\n"+hash+"\n", 1))
	v.add("proof", "another version", "proof", strings.Replace(good, "@v1", "@v2", 1))
	v.add("proof", "an index with a zero", "proof", strings.Replace(good, "index 3", "index 03", 1))
	v.add("proof", "empty extra data", "proof", strings.Replace(good, "index", "extra \nindex", 1))
	v.add("proof", "extra data behind the index", "proof", strings.Replace(good, "index 3\n", "index 3\nextra YWI=\n", 1))
	v.add("proof", "loose bits in a hash", "proof", strings.Replace(good, hash+"\n", looseBits(hash+"\n"), 1))
	v.add("proof", "a line feed at the end", "checkpoint", good+"\n")
	p.Checkpoint.Cosignatures = slices.Clone(p.Checkpoint.Cosignatures[:1])
	v.add("proof", "one cosignature", "policy", string(p.Bytes()))
}

func (v *vectors) addGrowth(t *testing.T) {
	tree, c := proven(t, "x", "y")
	from := func(old uint64) string {
		path, err := tree.Consistency(old, provenSize)
		if err != nil {
			t.Fatal(err)
		}
		return string(tlog.Growth{Old: old, Path: path, Note: c.Note()}.Bytes())
	}
	good := from(vectorOld)
	hash := strings.Split(good, "\n")[1]
	v.add("growth", "from 5", "", good)
	v.add("growth", "from 6", "proven", from(6))
	v.add("growth", "from 5 by the path from 6", "proven", strings.Replace(from(6), "old 6", "old 5", 1))
	v.add("growth", "a hash too few", "proven", strings.Replace(good, hash+"\n", "", 1))
	v.add("growth", "backwards", "proven", strings.Replace(good, "old 5", "old 71", 1))
	v.add("growth", "an old size with a zero", "proof", strings.Replace(good, "old 5", "old 05", 1))
	v.add("growth", "no old size", "proof", strings.Replace(good, "old 5\n", "", 1))
	v.add("growth", "a line feed at the end", "checkpoint", good+"\n")
}
