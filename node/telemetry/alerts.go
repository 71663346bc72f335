package telemetry

import "github.com/prometheus/client_golang/prometheus"

// alertMetrics are the figures of watches.
type alertMetrics struct {
	// AlertsRaised counts alerts by holder, AlertsHeld hits that were put into quarantine.
	AlertsRaised, AlertsHeld *prometheus.CounterVec // holder
	// WebhookPosts counts posts by whether they were taken.
	WebhookPosts *prometheus.CounterVec // outcome: taken, refused
}

func (m *Metrics) alerts() {
	m.AlertsRaised = m.counters("alerts_raised_total", "Alerts raised.", "holder")
	m.AlertsHeld = m.counters("alert_hits_held_total", "Hits of watches that were put into quarantine.", "holder")
	m.WebhookPosts = m.counters("webhook_posts_total", "Posts to webhooks, by whether they were taken.", "outcome")
}
