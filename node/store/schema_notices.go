package store

// noticeSchema keeps what members told one another about matches (crosslight/match/v1): every statement
// with its signature and the other side's signed receipt. said is also the outbox: what waits there is
// tried again after a restart.
const noticeSchema = `
-- Statements of this member.
CREATE TABLE said (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	kind       TEXT    NOT NULL CHECK (kind IN ('notice', 'feedback')),
	member     TEXT    NOT NULL, -- to whom, by name
	match      INTEGER REFERENCES match (seq) ON DELETE CASCADE, -- of this member's, that it is about
	heard      INTEGER REFERENCES heard (seq) ON DELETE CASCADE, -- or the notice that came in
	hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- of the body
	body       BLOB    NOT NULL,
	signature  BLOB    NOT NULL CHECK (length(signature) = 64),
	verdict    TEXT    NOT NULL, -- of a feedback
	purpose    TEXT    NOT NULL, -- of a notice
	case_salt  BLOB    NOT NULL, -- opens the commitment in a notice; empty where there is none
	state      TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'refused')),
	reason     TEXT    NOT NULL, -- why it waits or was refused
	attempts   INTEGER NOT NULL,
	next_at    INTEGER NOT NULL, -- not tried before
	at         INTEGER NOT NULL,
	told_at    INTEGER,
	receipt    BLOB,
	receipt_signature BLOB,
	CHECK ((match IS NULL) <> (heard IS NULL))
);
CREATE INDEX said_waiting ON said (next_at) WHERE state = 'waiting';
CREATE INDEX said_match   ON said (match) WHERE match IS NOT NULL;
CREATE INDEX said_heard   ON said (heard) WHERE heard IS NOT NULL;

-- Statements of others to this member. A notice has a local id; a feedback is about one of either side.
CREATE TABLE heard (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	id         TEXT    NOT NULL UNIQUE,
	kind       TEXT    NOT NULL CHECK (kind IN ('notice', 'feedback')),
	member     TEXT    NOT NULL, -- who said it, by name
	statement  BLOB    NOT NULL CHECK (length(statement) = 16), -- its id
	hash       BLOB    NOT NULL CHECK (length(hash) = 32),
	body       BLOB    NOT NULL,
	signature  BLOB    NOT NULL CHECK (length(signature) = 64),
	receipt    BLOB    NOT NULL,
	receipt_signature BLOB NOT NULL CHECK (length(receipt_signature) = 64),
	at         INTEGER NOT NULL,
	said       INTEGER REFERENCES said (seq) ON DELETE CASCADE,  -- of a feedback: this member's notice
	heard      INTEGER REFERENCES heard (seq) ON DELETE CASCADE, -- of a feedback: the notice that came in
	verdict    TEXT    NOT NULL, -- of a feedback
	type       TEXT    NOT NULL, -- of a notice, from here on
	purpose    TEXT    NOT NULL,
	state      TEXT    NOT NULL CHECK (state IN ('new', 'disputed', 'closed')),
	item       TEXT    NOT NULL CHECK (item IN ('pending', 'found', 'claimed', 'unknown', '')),
	digest     BLOB, -- of this member's own indicator
	reference  TEXT, -- of the same
	UNIQUE (member, statement)
);
CREATE INDEX heard_hash    ON heard (member, hash);
CREATE INDEX heard_pending ON heard (seq) WHERE item = 'pending';
CREATE INDEX heard_said    ON heard (said)  WHERE said IS NOT NULL;
CREATE INDEX heard_heard   ON heard (heard) WHERE heard IS NOT NULL;
CREATE TABLE heard_note (
	heard INTEGER NOT NULL REFERENCES heard (seq) ON DELETE CASCADE,
	n     INTEGER NOT NULL,
	at    INTEGER NOT NULL,
	text  TEXT    NOT NULL,
	PRIMARY KEY (heard, n)
) WITHOUT ROWID;
`
