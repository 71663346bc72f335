package main

import (
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// newPhone invents a number of the ranges kept free for fiction.
func newPhone(r *random) value {
	if r.below(4) == 0 {
		return londonPhone("0" + r.text(3, digits))
	}
	area := r.text(1, "23456789") + r.text(1, "02345678") + r.text(1, digits)
	return americanPhone(area, "01"+r.text(2, digits))
}

func americanPhone(area, line string) value {
	return value{indicator.Phone, "+1" + area + "555" + line, func(r *random, region string) string {
		if region == "US" || region == "CA" {
			return spaces(r, oneOf(r,
				"("+area+") 555-"+line, area+"-555-"+line, area+".555."+line, "1 "+area+" 555 "+line,
				"+1"+area+"555"+line, "("+area+") 555-"+line+" ext. "+r.text(2, "123456789")))
		}
		return spaces(r, oneOf(r,
			"+1"+area+"555"+line, "+1 "+area+" 555 "+line, "+1 ("+area+") 555-"+line, "001 "+area+" 555 "+line,
			"tel:+1-"+area+"-555-"+line, "\u202a+1 "+area+"\u2011555\u2011"+line+"\u202c"))
	}}
}

func londonPhone(line string) value {
	return value{indicator.Phone, "+44207946" + line, func(r *random, region string) string {
		if region == "GB" {
			return spaces(r, oneOf(r,
				"020 7946 "+line, "(020) 7946-"+line, "+44 20 7946 "+line, "+44 (0)20 7946 "+line, "0044 20 7946 "+line,
				arabic("020 7946 "+line), "020 7946 "+line+" x"+r.text(3, "123456789")))
		}
		return spaces(r, oneOf(r, "+44 20 7946 "+line, "+44 (0) 20 7946 "+line, "011 44 20 7946 "+line, "+44-20-7946-"+line))
	}}
}

// arabic writes digits as Arabic-Indic digits.
func arabic(s string) string {
	return strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' {
			return c - '0' + '\u0660'
		}
		return c
	}, s)
}

// newWallet invents an account whose id is a phone number, or one whose id is not.
func newWallet(r *random) value {
	if r.below(2) == 0 {
		return phoneWallet(r, newPhone(r))
	}
	id := strings.ToLower(nick(r, "-"))
	provider := oneOf(r, "paypal", "cashapp", "venmo")
	return value{indicator.EWallet, provider + ":" + id, func(r *random, _ string) string {
		return oneOf(r, provider, title(provider)) + oneOf(r, ":", " : ") + oneOf(r, id, title(id), strings.ToUpper(id))
	}}
}

// phoneWallet is an account under a phone number.
func phoneWallet(r *random, phone value) value {
	provider := oneOf(r, "gcash", "maya", "m-pesa")
	alias := map[string]string{"gcash": "GCash", "maya": "PayMaya", "m-pesa": "MPESA"}[provider]
	return value{indicator.EWallet, provider + ":" + phone.form, func(r *random, _ string) string {
		// "" is no region: these providers do not read the numbers of fiction in national form
		return oneOf(r, provider, alias) + oneOf(r, ":", ": ") + strings.TrimSpace(international(r, phone))
	}}
}

// international spells a phone with its country code.
func international(r *random, phone value) string {
	f := phone.form
	return oneOf(r, f, f[:3]+" "+f[3:6]+" "+f[6:], f[:5]+"-"+f[5:])
}
