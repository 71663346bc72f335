package indicator

import "strings"

const errWalletID refusal = "a wallet id holds letters, digits and . _ @ + $ - only, at most 128"

// wallet says what is known of a provider.
type wallet struct {
	name   string // the name written in canonical forms
	phone  bool   // accounts are phone numbers
	region string // the one country it serves: its national forms need no default region
	fold   bool   // ids are case-insensitive
}

// wallets lists the providers whose own rules are known, by every name in use. Any other provider is
// accepted under the name it is given.
var wallets = map[string]wallet{
	"gcash":        {name: "gcash", phone: true, region: "PH"},
	"maya":         {name: "maya", phone: true, region: "PH"},
	"paymaya":      {name: "maya", phone: true, region: "PH"},
	"m-pesa":       {name: "m-pesa", phone: true},
	"mpesa":        {name: "m-pesa", phone: true},
	"airtel-money": {name: "airtel-money", phone: true},
	"mtn-momo":     {name: "mtn-momo", phone: true},
	"orange-money": {name: "orange-money", phone: true},
	"bkash":        {name: "bkash", phone: true, region: "BD"},
	"nagad":        {name: "nagad", phone: true, region: "BD"},
	"easypaisa":    {name: "easypaisa", phone: true, region: "PK"},
	"jazzcash":     {name: "jazzcash", phone: true, region: "PK"},
	"gopay":        {name: "gopay", phone: true, region: "ID"},
	"ovo":          {name: "ovo", phone: true, region: "ID"},
	"dana":         {name: "dana", phone: true, region: "ID"},
	"paypal":       {name: "paypal", fold: true},
	"cashapp":      {name: "cashapp", fold: true},
	"cash-app":     {name: "cashapp", fold: true},
	"venmo":        {name: "venmo", fold: true},
}

// canonicalEWallet returns provider:+E.164 or provider:id. An id that is a phone number also yields
// that phone.
func canonicalEWallet(s string, o Options) (result, error) {
	provider, id, err := splitPrefix(s, "provider")
	if err != nil {
		return result{}, err
	}
	w, known := wallets[provider]
	if !known {
		w = wallet{name: provider}
	}
	if w.isPhone(id) {
		return w.phoneForm(id, o)
	}
	form, err := w.idForm(id)
	return result{form: form}, err
}

// isPhone reports whether id is to be read as a phone number: it has a plus sign, or it has no
// letter and the provider's accounts are phones.
func (w wallet) isPhone(id string) bool {
	if strings.HasPrefix(id, "+") || strings.HasPrefix(id, "\uFF0B") {
		return true
	}
	return w.phone && !strings.ContainsFunc(id, func(r rune) bool {
		return r < 0x80 && isAlnum(byte(r)) && !isDigit(byte(r))
	})
}

func (w wallet) phoneForm(id string, o Options) (result, error) {
	if w.region != "" {
		o.Region = w.region
	}
	phone, err := canonicalPhone(id, o)
	if err != nil {
		return result{}, err
	}
	derived := []Canonical{{typ: Phone, form: phone.form}}
	return result{form: w.name + ":" + phone.form, derived: derived}, nil
}

func (w wallet) idForm(id string) (string, error) {
	id = strings.TrimPrefix(id, "$") // a cashtag's sigil
	if len(id) > 128 || !allBytes(id, func(c byte) bool { return isAlnum(c) || strings.IndexByte("._@+$-", c) >= 0 }) {
		return "", errWalletID
	}
	if id[0] == '+' || id[0] == '$' {
		return "", errWalletID
	}
	if w.fold {
		id = strings.ToLower(id)
	}
	return w.name + ":" + id, nil
}
