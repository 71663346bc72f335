package indicator

import "errors"

// ErrRefused is what every error about a value wraps. The error's text is the reason.
var ErrRefused = errors.New("value refused")

// refusal is a reason for which a value is refused. Reasons are constants or built from constants:
// no part of a value can enter one.
type refusal string

// Error returns the reason.
func (r refusal) Error() string { return string(r) }

// Unwrap makes every refusal an [ErrRefused].
func (r refusal) Unwrap() error { return ErrRefused }

// Reasons that several types share.
const (
	errEmpty      refusal = "empty value"
	errTooLong    refusal = "longer than 4096 bytes"
	errUTF8       refusal = "not valid UTF-8: save the file as UTF-8"
	errControl    refusal = "control or invisible character inside the value"
	errDamaged    refusal = "replacement character inside the value: the text was damaged before it came here"
	errDigestForm refusal = "not a digest: write digest: and 64 hexadecimal digits"
	errDefanged   refusal = "defanged value: write it with its dots and its scheme restored"
	errHexLength  refusal = "wrong number of hexadecimal digits for this type"
	errHexDigit   refusal = "a character that is not a hexadecimal digit"
)
