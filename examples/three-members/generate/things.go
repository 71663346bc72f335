package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/crosslight/crosslight/protocol/indicator"
)

func newDevice(r *random) value {
	switch r.below(3) {
	case 0:
		body := "00440" + r.text(9, digits) // a reporting body that allocates nothing
		imei := body + luhnDigit(body)
		return value{indicator.Device, "imei:" + imei, func(r *random, _ string) string {
			return oneOf(r, "imei:"+imei, "IMEI: "+imei[:2]+"-"+imei[2:8]+"-"+imei[8:14]+"-"+imei[14:], "imei:"+imei[:8]+" "+imei[8:14]+" "+imei[14:])
		}}
	case 1:
		id := r.hex(8)
		return value{indicator.Device, "android-id:" + id, func(r *random, _ string) string {
			return oneOf(r, "android-id:", "Android-ID: ") + oneOf(r, id, strings.ToUpper(id))
		}}
	}
	h := r.hex(16)
	id := h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	return value{indicator.Device, "idfa:" + id, func(r *random, _ string) string {
		return oneOf(r, "idfa:"+id, "IDFA:"+strings.ToUpper(id), "idfa:{"+id+"}", "idfa:"+h)
	}}
}

// newIP invents an address of the documentation ranges.
func newIP(r *random) value {
	if r.below(2) == 0 {
		form := oneOf(r, "192.0.2.", "198.51.100.", "203.0.113.") + fmt.Sprint(r.below(256))
		return value{indicator.IP, form, func(r *random, _ string) string { return spaces(r, oneOf(r, form, form, "::ffff:"+form)) }}
	}
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	copy(b[4:8], r.bytes(4))
	copy(b[14:], r.bytes(2))
	addr := netip.AddrFrom16(b)
	return value{indicator.IP, addr.String(), func(r *random, _ string) string {
		return spaces(r, oneOf(r, addr.String(), addr.StringExpanded(), strings.ToUpper(addr.String())))
	}}
}

func newHash(typ indicator.Type, size int) func(*random) value {
	return func(r *random) value {
		form := r.hex(size)
		return value{typ, form, func(r *random, _ string) string { return spaces(r, oneOf(r, form, strings.ToUpper(form))) }}
	}
}

func newPDQ(r *random) value {
	form := r.hex(32)
	return value{indicator.PDQ, form, func(r *random, _ string) string {
		return oneOf(r, form, strings.ToUpper(form), form) + oneOf(r, "", fmt.Sprintf(";q=%d", 50+r.below(51)))
	}}
}

func newPhotoDNA(r *random) value {
	b := r.bytes(144)
	form := hex.EncodeToString(b)
	return value{indicator.PhotoDNA, form, func(r *random, _ string) string {
		return oneOf(r, form, strings.ToUpper(form), base64.StdEncoding.EncodeToString(b))
	}}
}
