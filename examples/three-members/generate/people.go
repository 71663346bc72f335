package main

import (
	"fmt"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

var (
	firstNames = []string{"alex", "blake", "casey", "devon", "ellis", "frankie", "gray", "harper", "indigo", "jules", "kai", "logan", "morgan", "noor", "oakley", "parker", "quinn", "riley", "sage", "taylor"}
	things     = []string{"anchor", "birch", "comet", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper", "kestrel", "lagoon", "meadow", "nimbus", "orchid", "pebble", "quartz", "river", "summit", "tundra"}
	// idn pairs names as people write them with their A-labels.
	idn = [][2]string{
		{"bücher.example", "xn--bcher-kva.example"},
		{"fête.example", "xn--fte-fma.example"},
		{"straße.test", "xn--strae-oqa.test"},
		{"пример.test", "xn--e1afmkfd.test"},
		{"例え.test", "xn--r8jz45g.test"},
	}
)

// nick invents a name that is unlikely to come twice.
func nick(r *random, sep string) string {
	return oneOf(r, firstNames...) + sep + oneOf(r, things...) + r.text(3, digits)
}

// host invents a host name and a function that spells it.
func host(r *random) (form string, spell func(*random) string) {
	zone := oneOf(r, "example.com", "example.org", "example.net", "example", "test", "invalid")
	label := oneOf(r, things...) + "-" + oneOf(r, things...) + r.text(3, digits)
	form, shown := label+"."+zone, label+"."+zone
	if r.below(8) == 0 {
		name := oneOf(r, idn...)
		form, shown = label+"."+name[1], label+"."+name[0]
	}
	return form, func(r *random) string {
		return oneOf(r, form, shown, strings.ToUpper(form), title(shown))
	}
}

// title writes the first letter as a capital.
func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// spaces puts white space around s now and then, as cut and paste does.
func spaces(r *random, s string) string {
	return oneOf(r, s, s, s, s, " "+s, s+" ", "\u00a0"+s, s+"\t")
}

func newEmail(r *random) value {
	local := oneOf(r, nick(r, "."), nick(r, "_"), nick(r, "")+"+"+oneOf(r, things...))
	form, spell := host(r)
	return value{indicator.Email, local + "@" + form, func(r *random, _ string) string {
		at := oneOf(r, local, local, title(local), strings.ToUpper(local)) + "@" + spell(r)
		return spaces(r, at)
	}}
}

func newDomain(r *random) value {
	form, spell := host(r)
	return value{indicator.Domain, form, func(r *random, _ string) string {
		return spaces(r, spell(r)+oneOf(r, "", "", "."))
	}}
}

func newURL(r *random) value {
	form, spell := host(r)
	scheme, port := oneOf(r, "https", "http"), ""
	path := fmt.Sprintf("/%s/%s%%2F%s", oneOf(r, things...), r.text(6, alnum), oneOf(r, things...))
	if r.below(2) == 0 {
		path += "?id=" + r.text(8, digits)
	}
	return value{indicator.URL, scheme + "://" + form + path, func(r *random, _ string) string {
		port = oneOf(r, "", "", map[string]string{"https": ":443", "http": ":80"}[scheme])
		shown := oneOf(r, path, path, strings.ReplaceAll(path, "%2F", "%2f"), "/tmp/.."+path)
		user := oneOf(r, "", "", "", "user:secret@")
		return oneOf(r, scheme, strings.ToUpper(scheme)) + "://" + user + spell(r) + port + shown + oneOf(r, "", "", "#top")
	}}
}

func newUsername(r *random) value {
	platform := oneOf(r, "x", "instagram", "telegram", "tiktok", "forum.example", "chat.test")
	name := oneOf(r, things...) + "_" + r.text(5, alnum)
	alias := map[string]string{"x": "Twitter", "instagram": "IG", "telegram": "TG"}[platform]
	if alias == "" {
		alias = strings.ToUpper(platform)
	}
	return value{indicator.Username, platform + ":" + name, func(r *random, _ string) string {
		shown := oneOf(r, name, title(name), strings.ToUpper(name))
		return spaces(r, oneOf(r, platform, alias)+oneOf(r, ":", ": ", " : ")+oneOf(r, "", "@")+shown)
	}}
}

func newPlatformID(r *random) value {
	platform := oneOf(r, "steam", "discord", "facebook", "youtube")
	id := r.text(17, "123456789")
	if platform == "youtube" {
		id = "UC" + r.text(22, alnum+"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	}
	return value{indicator.PlatformID, platform + ":" + id, func(r *random, _ string) string {
		return spaces(r, oneOf(r, platform, title(platform))+oneOf(r, ":", ": ")+id)
	}}
}
