package indicator

import "strings"

// Reasons about devices.
const (
	errDeviceKind    refusal = "unknown kind of device identifier: imei, android-id, idfa, idfv, gaid or uuid"
	errDeviceMAC     refusal = "a MAC address alone does not identify a device: phones make them up"
	errDeviceIMEI    refusal = "not an IMEI: 15 digits"
	errDeviceLuhn    refusal = "wrong check digit of the IMEI"
	errDeviceAndroid refusal = "not an Android id: 16 hexadecimal digits"
	errDeviceUUID    refusal = "not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12"
)

// canonicalDevice returns kind:value.
func canonicalDevice(s string, _ Options) (result, error) {
	if isMAC(s) {
		return result{}, errDeviceMAC
	}
	kind, value, err := splitPrefix(s, "kind")
	if err != nil {
		return result{}, err
	}
	form, err := deviceForm(kind, value)
	if err != nil {
		return result{}, err
	}
	return result{form: kind + ":" + form}, nil
}

func deviceForm(kind, value string) (string, error) {
	switch kind {
	case "imei":
		return imei(value)
	case "android-id":
		return androidID(value)
	case "idfa", "idfv", "gaid", "uuid":
		return uuid(value)
	case "mac":
		return "", errDeviceMAC
	}
	return "", errDeviceKind
}

// imei returns 15 digits whose last is the Luhn check digit of the others (3GPP TS 23.003, annex B).
func imei(s string) (string, error) {
	s = dropSeparators(s, "-./")
	if len(s) != 15 || !allBytes(s, isDigit) {
		return "", errDeviceIMEI
	}
	if luhn(s) != 0 {
		return "", errDeviceLuhn
	}
	return s, nil
}

// luhn returns the Luhn sum of s modulo 10: 0 when its last digit is the check digit.
func luhn(s string) int {
	sum := 0
	for i := 0; i < len(s); i++ {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum % 10
}

func androidID(s string) (string, error) {
	if len(s) != 16 || !allBytes(s, isHex) {
		return "", errDeviceAndroid
	}
	return strings.ToLower(s), nil
}

// uuid returns the lowercase form with hyphens, from one with or without hyphens and braces.
func uuid(s string) (string, error) {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		s = s[1 : len(s)-1]
	}
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if len(s) != 32 || !allBytes(s, isHex) {
		return "", errDeviceUUID
	}
	s = strings.ToLower(s)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], nil
}

// isMAC reports six groups of two hexadecimal digits.
func isMAC(s string) bool {
	return len(s) == 17 && allBytes(dropSeparators(s, ":-"), isHex) && len(dropSeparators(s, ":-")) == 12
}
