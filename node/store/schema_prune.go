package store

// pruneSchema keeps of an alert that was pruned what says that it was raised, so that it never is again while its
// watch is there, and finds what is to be pruned without reading everything.
const pruneSchema = `
CREATE TABLE past_alert (
	watch  TEXT NOT NULL,
	item   BLOB NOT NULL CHECK (length(item) = 32),
	holder TEXT NOT NULL,
	PRIMARY KEY (watch, item, holder)
) WITHOUT ROWID;
CREATE INDEX alert_acked       ON alert (acked)       WHERE acked IS NOT NULL;
CREATE INDEX quarantine_closed ON quarantine (settled) WHERE settled IS NOT NULL;
CREATE INDEX reconcile_updated ON reconcile (updated);
`
