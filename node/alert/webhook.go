package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crosslight/crosslight/node/store"
)

// Receiver is where alerts are posted.
type Receiver struct {
	URL    string // https, or http on loopback
	Secret []byte // at least MinSecret bytes; signs what is posted
}

// MinSecret is the shortest secret in bytes.
const MinSecret = 16

// ErrReceiver reports a receiver that cannot be used; its text says why.
var ErrReceiver = errors.New("not a webhook")

// Check says whether alerts may be posted to r.
func (r Receiver) Check() error {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return fmt.Errorf("%w: the address is no URL, or holds a user", ErrReceiver)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("%w: use https: http is for loopback alone", ErrReceiver)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: use https", ErrReceiver)
	case len(r.Secret) < MinSecret:
		return fmt.Errorf("%w: the secret has fewer than %d bytes", ErrReceiver, MinSecret)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ID names the receiver in the outbox: it is the same for one URL, whatever its secret and its place in
// the configuration.
func (r Receiver) ID() string {
	sum := sha256.Sum256([]byte(r.URL))
	return hex.EncodeToString(sum[:8])
}

// Host is what is said of a receiver in a log: the path may hold a token.
func (r Receiver) Host() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Shown is an alert in words, as its analyst sees it. Absent is null.
type Shown struct {
	ID              string    `json:"id"`
	Watch           string    `json:"watch"`
	WatchName       string    `json:"watch_name"`
	Match           string    `json:"match"`
	Type            string    `json:"type"`
	Reference       *string   `json:"reference"`
	Holder          string    `json:"holder"`
	Category        *string   `json:"category"`
	Severity        *int      `json:"severity"`
	Confidence      *string   `json:"confidence"`
	HolderReference *string   `json:"holder_reference"`
	Contact         *string   `json:"contact"`
	FirstSeen       *string   `json:"first_seen"`
	RaisedAt        time.Time `json:"raised_at"`
	LeftOut         int64     `json:"left_out"`
}

// Post is the body of a webhook.
type Post struct {
	Webhook string  `json:"webhook"` // the version of this body
	Member  string  `json:"member"`
	Alerts  []Shown `json:"alerts"` // in the order in which they were raised
}

// Version is Post.Webhook.
const Version = "crosslight/webhook/v1"

// SignatureHeader carries t=<Unix seconds>,v1=<hex HMAC-SHA-256 (RFC 2104) of "<t>.<body>">.
const SignatureHeader = "Crosslight-Signature"

// Sign returns the header's value for a body.
func Sign(secret, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(signature(secret, t, body))
}

func signature(secret []byte, t string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// ErrSignature reports a post that the member did not sign, or not lately.
var ErrSignature = errors.New("the webhook's signature does not hold")

// Verify is what a receiver does: the header must be of this body, under its secret, and at most age from
// now.
func Verify(secret, body []byte, header string, now time.Time, age time.Duration) error {
	t, v1, ok := strings.Cut(header, ",v1=")
	t, prefixed := strings.CutPrefix(t, "t=")
	seconds, err := strconv.ParseInt(t, 10, 64)
	got, herr := hex.DecodeString(v1)
	if !ok || !prefixed || err != nil || herr != nil || !hmac.Equal(got, signature(secret, t, body)) {
		return ErrSignature
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > age || d < -age {
		return ErrSignature
	}
	return nil
}

// Bounds of a post.
const (
	postWithin = 10 * time.Second // for connecting, sending and the answer's head
	perPost    = 50               // alerts
	maxAnswer  = 4 << 10          // bytes of an answer that are read, and thrown away
)

// client posts and follows no redirect: what is signed for one address is sent to no other.
func client() *http.Client {
	return &http.Client{
		Timeout:       postWithin,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends alerts once.
func post(ctx context.Context, c *http.Client, r Receiver, member string, alerts []Shown, now time.Time) error {
	body, err := json.Marshal(Post{Version, member, alerts})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "crosslight")
	req.Header.Set(SignatureHeader, Sign(r.Secret, body, now))
	resp, err := c.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL, whose path may hold a token
		}
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // so that the connection serves again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return nil
}

func shownAll(alerts []store.Alert, show func(store.Alert) Shown) []Shown {
	out := make([]Shown, len(alerts))
	for i, a := range alerts {
		out[i] = show(a)
	}
	return out
}
