package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/crosslight/crosslight/node/alert"
)

// fileWebhook is one receiver in crosslight.yaml.
type fileWebhook struct {
	URL        string `yaml:"url"`
	SecretFile string `yaml:"secret_file"`
}

// fileAlerts is what bounds alerts there.
type fileAlerts struct {
	FloodFactor *int64 `yaml:"flood_factor,omitempty"`
	FloodFloor  *int64 `yaml:"flood_floor,omitempty"`
	PerValue    *int64 `yaml:"per_value,omitempty"`
}

// webhooksOf reads the list as the file has it; its shape has been checked.
func webhooksOf(v any) (out []fileWebhook) {
	items, _ := v.([]any)
	for _, item := range items {
		m, _ := item.(map[string]any)
		url, _ := m["url"].(string)
		file, _ := m["secret_file"].(string)
		out = append(out, fileWebhook{url, file})
	}
	return out
}

// maxSecret bounds a webhook's secret, in bytes.
const maxSecret = 4 << 10

// receivers reads the secrets of the webhooks, which only a node needs.
func (c config) receivers() ([]alert.Receiver, error) {
	var out []alert.Receiver
	seen := map[string]bool{}
	for i, w := range c.Webhooks {
		secret, err := readSecret(w.SecretFile)
		r := alert.Receiver{URL: w.URL, Secret: secret}
		if err == nil {
			err = r.Check()
		}
		if err == nil && seen[w.URL] {
			err = errors.New("the address is listed twice")
		}
		if err != nil {
			return nil, fmt.Errorf("%w: webhooks: entry %d: %w", errConfig, i+1, err)
		}
		seen[w.URL] = true
		out = append(out, r)
	}
	return out, nil
}

func readSecret(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("secret_file: name a file with the secret that signs what is posted")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("secret_file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret))
	return bytes.TrimRight(b, "\r\n"), err
}
