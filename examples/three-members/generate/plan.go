package main

import (
	"github.com/crosslight/crosslight/protocol/indicator"
)

// seed is the seed of the committed data.
const seed = 20260214

// How many values of each type a group of members shares, and how many each has alone. A member
// holds common + 2*pairwise + alone of each type.
const (
	common   = 6
	pairwise = 8
	alone    = 92
	crossed  = 5 // phones that one member holds as such and another as an e-wallet, each way
)

// member is one of the three.
type member struct {
	name, sector, jurisdiction, region string
	file                               string
	reference                          string // format of its own case numbers
	encode                             func([]row) []byte
	held                               []value
}

func members() []*member {
	return []*member{
		{name: "Northstar Social", sector: "tech", jurisdiction: "US", region: "US", file: "northstar-social.csv", reference: "TKT-%06d", encode: encodeSpreadsheet},
		{name: "Harbour Bank", sector: "finance", jurisdiction: "GB", region: "GB", file: "harbour-bank.jsonl", reference: "SAR/2025/%05d", encode: encodeJSONLines},
		{name: "Fairview Police", sector: "law-enforcement", jurisdiction: "CA", region: "CA", file: "fairview-police.csv", reference: "OCC 25-%05d", encode: encodeRegister},
	}
}

// distribute gives every member its values: some that all hold, some that two hold, most alone.
func distribute(r *random, all []*member) {
	seen := make(map[string]bool)
	for _, typ := range indicator.Types() {
		deal := func(n int, to ...*member) {
			for range n {
				v := fresh(seen, func() value { return makers[typ](r) })
				for _, m := range to {
					m.held = append(m.held, v)
				}
			}
		}
		deal(common, all...)
		for i, m := range all {
			deal(pairwise, m, all[(i+1)%len(all)])
			deal(alone, m)
		}
	}
	for _, a := range all {
		for _, b := range all {
			if a != b {
				cross(r, seen, a, b)
			}
		}
	}
}

// cross gives a phones that b holds as e-wallets.
func cross(r *random, seen map[string]bool, a, b *member) {
	for range crossed {
		phone := fresh(seen, func() value { return newPhone(r) })
		a.held = append(a.held, phone)
		b.held = append(b.held, phoneWallet(r, phone))
	}
}

// fresh makes values until one comes that is new, and so is what follows from it.
func fresh(seen map[string]bool, make func() value) value {
	for {
		v := make()
		keys := []string{string(v.typ) + v.form}
		for _, d := range v.derived() {
			keys = append(keys, string(d.Type())+d.Form())
		}
		known := false
		for _, k := range keys {
			known = known || seen[k]
		}
		if known {
			continue
		}
		for _, k := range keys {
			seen[k] = true
		}
		return v
	}
}
