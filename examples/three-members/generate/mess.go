package main

import (
	"fmt"

	"github.com/crosslight/crosslight/protocol/indicator"
)

// refusedValues are what real files hold beside indicators. None can be brought to canonical form in
// any of the three regions.
var refusedValues = []struct {
	typ indicator.Type
	raw string
}{
	{"email", "no address given"},
	{"email", "alex@@example.com"},
	{"email", "blake@localhost"},
	{"email", "\"casey smith\"@example.com"},
	{"email", "devon@example[.]com"},
	{"email", "ellis..x@example.org"},
	{"phone", "unknown"},
	{"phone", "+44 7700 900123"},
	{"phone", "+52 1 55 0000 0000"},
	{"phone", "555"},
	{"phone", "1-800-EXAMPLE"},
	{"iban", "GB00 XTST 1234 5612 3456 78"},
	{"iban", "DE89 3704 0044 0532 0130 01"},
	{"iban", "XX82WEST12345698765432"},
	{"iban", "NL91ABNA04171643"},
	{"bank-account", "0012345678"},
	{"bank-account", "gb:200000:55779911"},
	{"e-wallet", "+12125550123"},
	{"e-wallet", "gcash:0917"},
	{"crypto", "0x000000000000000000000000000000000000000g"},
	{"crypto", "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT1"},
	{"crypto", "ethereum:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"},
	{"crypto", "bitcoin:bc1QW508D6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
	{"username", "just_a_name"},
	{"username", "forum.example:two words"},
	{"platform-id", "76561197960287930"},
	{"device", "00:1a:2b:3c:4d:5e"},
	{"device", "imei:490154203237517"},
	{"ip", "10.0.0.12"},
	{"ip", "100.64.3.4"},
	{"ip", "fe80::1%eth0"},
	{"ip", "192.0.2.300"},
	{"url", "hxxps://example[.]com/x"},
	{"url", "example.com/no-scheme"},
	{"domain", "exa_mple.com"},
	{"domain", "*.example.com"},
	{"sha256", "e3b0c44298fc1c14"},
	{"sha1", "not-a-hash"},
	{"md5", "900150983cd24fb0d6963f7d28e17f7"},
	{"pdq", "f8f8f0cee0f4a84f"},
	{"photodna", "AAAA"},
	{"mac", "00:1a:2b:3c:4d:5e"},
	{"note", "see attachment"},
}

// suppressedValues match everybody.
var suppressedValues = []struct {
	typ indicator.Type
	raw string
}{
	{"md5", "D41D8CD98F00B204E9800998ECF8427E"},
	{"sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	{"sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"sha256", "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"},
	{"email", "NoReply@Example.com"},
	{"email", "postmaster@example.org"},
	{"email", " Mailer-Daemon@example.net"},
	{"device", "idfa:00000000-0000-0000-0000-000000000000"},
	{"device", "imei:000000000000000"},
	{"device", "Android-ID: 9774D56D682E549C"},
	{"pdq", "0000000000000000000000000000000000000000000000000000000000000000"},
	{"crypto", "ETH:0x000000000000000000000000000000000000dEaD"},
}

// checkMess makes sure that the lists are what they claim.
func checkMess(region string) {
	for _, v := range refusedValues {
		if c, err := indicator.Canonicalise(v.typ, v.raw, indicator.Options{Region: region}); err == nil {
			panic(fmt.Sprintf("generate: %s %q is accepted as %q", v.typ, v.raw, c.Form()))
		}
	}
	for _, v := range suppressedValues {
		c, err := indicator.Canonicalise(v.typ, v.raw, indicator.Options{Region: region})
		if err != nil {
			panic(fmt.Sprintf("generate: %s %q: %v", v.typ, v.raw, err))
		}
		if _, ok := indicator.Suppressed(c); !ok {
			panic(fmt.Sprintf("generate: %s %q is not suppressed", v.typ, v.raw))
		}
	}
}
