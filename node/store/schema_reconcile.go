package store

// reconcileSchema keeps reconciliations of both sides, and what both members signed of each pass.
const reconcileSchema = `
CREATE TABLE reconcile (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: it orders the list
	id        TEXT    NOT NULL UNIQUE, -- of the offer
	initiator INTEGER NOT NULL, -- whether this member made the offer
	peer      TEXT    NOT NULL, -- the other side's name
	offer     BLOB    NOT NULL, -- verbatim
	signature BLOB    NOT NULL CHECK (length(signature) = 64), -- the initiator's, over the offer
	case_ref  TEXT    NOT NULL, -- it never leaves the node
	case_salt BLOB,
	state     TEXT    NOT NULL CHECK (state IN ('requested', 'pending', 'approved', 'denied', 'running', 'done', 'failed', 'cancelled', 'expired')),
	detail    TEXT    NOT NULL,
	passes    INTEGER NOT NULL, -- that are over
	attempt   BLOB    CHECK (length(attempt) = 16), -- under way or the last
	own       INTEGER, -- elements of this member's set, NULL before a pass began
	theirs    INTEGER,
	matches   INTEGER NOT NULL,
	created   INTEGER NOT NULL, -- Unix milliseconds
	updated   INTEGER NOT NULL,
	expires   INTEGER NOT NULL  -- Unix seconds
);
CREATE INDEX reconcile_state ON reconcile (state);

CREATE TABLE reconcile_receipt (
	reconcile INTEGER NOT NULL REFERENCES reconcile (seq) ON DELETE CASCADE,
	pass      INTEGER NOT NULL,
	attempt   BLOB    NOT NULL CHECK (length(attempt) = 16),
	own       BLOB    NOT NULL, -- messages: receipt and signature
	theirs    BLOB    NOT NULL,
	PRIMARY KEY (reconcile, pass)
) WITHOUT ROWID;
`
