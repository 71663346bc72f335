// Package telemetry is what a node says about itself: logs (log/slog), metrics (Prometheus) and
// health. None of it may hold an indicator or a digest, so every log record passes a guard ([Guard])
// that knows what a digest looks like, and metrics carry labels from fixed lists only.
//
// What leaks: metrics and logs show how many questions were asked and answered, when, by and to which
// member, and how large the sets are. They are for the node's operator; the API serves them on
// loopback.
package telemetry
