package store

// watchSchemas are those of watch.db, by version. What a watch watches stands there sealed: see
// node/watch.
var watchSchemas = []string{`
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE watch (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	id         TEXT    NOT NULL UNIQUE,
	name       TEXT    NOT NULL,
	at         INTEGER NOT NULL,
	purpose    TEXT    NOT NULL,
	case_ref   TEXT    NOT NULL,
	case_salt  BLOB    NOT NULL,
	refused    INTEGER NOT NULL,
	suppressed INTEGER NOT NULL,
	key        BLOB    NOT NULL -- sealed; opens the rows below
);
CREATE TABLE watch_holder (
	watch  INTEGER NOT NULL REFERENCES watch (seq) ON DELETE CASCADE,
	member TEXT    NOT NULL,
	PRIMARY KEY (watch, member)
) WITHOUT ROWID;

-- The elements of a watch in runs of one type.
CREATE TABLE run (
	watch  INTEGER NOT NULL REFERENCES watch (seq) ON DELETE CASCADE,
	n      INTEGER NOT NULL,
	type   TEXT    NOT NULL,
	count  INTEGER NOT NULL,
	sealed BLOB    NOT NULL
);
CREATE UNIQUE INDEX run_watch ON run (watch, n);

-- What a holder evaluated of them in an epoch, in spans of a run: a span that is here is done.
CREATE TABLE span (
	watch  INTEGER NOT NULL REFERENCES watch (seq) ON DELETE CASCADE,
	holder TEXT    NOT NULL,
	epoch  INTEGER NOT NULL,
	n      INTEGER NOT NULL, -- the run
	start  INTEGER NOT NULL,
	count  INTEGER NOT NULL,
	sealed BLOB    NOT NULL
);
CREATE UNIQUE INDEX span_watch  ON span (watch, holder, epoch, n, start);
CREATE        INDEX span_holder ON span (holder, epoch);

-- What keeps a holder from evaluating the rest.
CREATE TABLE hindrance (
	watch  INTEGER NOT NULL REFERENCES watch (seq) ON DELETE CASCADE,
	holder TEXT    NOT NULL,
	type   TEXT    NOT NULL,
	status TEXT    NOT NULL,
	detail TEXT    NOT NULL,
	until  INTEGER, -- Unix milliseconds, NULL where it is not known
	PRIMARY KEY (watch, holder, type)
) WITHOUT ROWID;

-- What this member and a holder signed to one another when a watch was enrolled. It outlives the watch.
CREATE TABLE sent (
	watch             TEXT NOT NULL,
	holder            TEXT NOT NULL,
	header            BLOB NOT NULL,
	signature         BLOB NOT NULL,
	receipt           BLOB NOT NULL,
	receipt_signature BLOB NOT NULL
);
CREATE INDEX sent_watch ON sent (watch);

-- What past queries asked about, for a while, so that a query can become a watch.
CREATE TABLE question (
	query TEXT    PRIMARY KEY,
	at    INTEGER NOT NULL,
	key   BLOB    NOT NULL
) WITHOUT ROWID;
CREATE TABLE question_run (
	query  TEXT    NOT NULL REFERENCES question (query) ON DELETE CASCADE,
	n      INTEGER NOT NULL,
	type   TEXT    NOT NULL,
	count  INTEGER NOT NULL,
	sealed BLOB    NOT NULL
);
CREATE UNIQUE INDEX question_run_query ON question_run (query, n);
`}

// alertSchema is a step of activity.db: alerts stand beside the matches that they announce, so that both
// are entered in one transaction.
const alertSchema = `
-- seq is given when an alert is raised, so it orders what followers see; it is never used twice.
CREATE TABLE alert (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	watch      TEXT    NOT NULL,
	watch_name TEXT    NOT NULL,
	holder     TEXT    NOT NULL,
	item       BLOB    NOT NULL CHECK (length(item) = 32), -- as in match
	type       TEXT    NOT NULL,
	match      TEXT    NOT NULL,
	reference  TEXT,
	label      BLOB,
	at         INTEGER NOT NULL,
	acked      INTEGER
);
CREATE UNIQUE INDEX alert_item ON alert (watch, holder, item);
CREATE        INDEX alert_value ON alert (watch, item);
CREATE        INDEX alert_open ON alert (seq) WHERE acked IS NULL;

-- Hits above the cap of one value: they are matches, and no alerts.
CREATE TABLE left_out (
	watch  TEXT NOT NULL,
	item   BLOB NOT NULL,
	holder TEXT NOT NULL,
	PRIMARY KEY (watch, item, holder)
) WITHOUT ROWID;

-- Hits that wait for an operator, or were dropped by one.
CREATE TABLE quarantine (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	watch      TEXT    NOT NULL,
	watch_name TEXT    NOT NULL,
	holder     TEXT    NOT NULL,
	purpose    TEXT    NOT NULL,
	case_ref   TEXT    NOT NULL,
	at         INTEGER NOT NULL,
	last_at    INTEGER NOT NULL,
	state      TEXT    NOT NULL CHECK (state IN ('waiting', 'releasing', 'released', 'dropped')),
	settled    INTEGER
);
CREATE UNIQUE INDEX quarantine_open ON quarantine (watch, holder) WHERE state = 'waiting';
CREATE TABLE held (
	quarantine INTEGER NOT NULL REFERENCES quarantine (seq),
	watch      TEXT    NOT NULL,
	holder     TEXT    NOT NULL,
	item       BLOB    NOT NULL CHECK (length(item) = 32),
	type       TEXT    NOT NULL,
	reference  TEXT,
	label      BLOB,
	epoch      INTEGER,
	tag        BLOB,
	proof      BLOB,
	PRIMARY KEY (watch, holder, item)
) WITHOUT ROWID;
CREATE INDEX held_quarantine ON held (quarantine);

-- Alerts that a webhook's receiver has not taken yet.
CREATE TABLE outbox (
	receiver TEXT    NOT NULL,
	alert    INTEGER NOT NULL REFERENCES alert (seq),
	PRIMARY KEY (receiver, alert)
) WITHOUT ROWID;
`
