package store

// applicationID marks our databases ("CRSL"), so that a foreign one is not taken for an empty one.
const applicationID = 0x4352534c

// The schemas by version: schemas[0] makes version 1 from an empty file, schemas[1] would make
// version 2 from version 1. A version is never edited once it has been released; what later issues
// need (watches, openings of questions, retention) comes as a further step.
var mainSchemas = []string{`
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

-- The member's own indicators. id grows with time and is never used twice, so it orders the list.
CREATE TABLE indicator (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	type      TEXT    NOT NULL,
	digest    BLOB    NOT NULL CHECK (length(digest) = 32),
	label     BLOB    NOT NULL,
	reference TEXT,
	expires   TEXT,
	derived   INTEGER NOT NULL,
	imported  INTEGER NOT NULL -- Unix milliseconds
);
CREATE UNIQUE INDEX indicator_digest    ON indicator (digest);
CREATE        INDEX indicator_type      ON indicator (type);
CREATE        INDEX indicator_reference ON indicator (reference) WHERE reference IS NOT NULL;
CREATE        INDEX indicator_expires   ON indicator (expires)   WHERE expires   IS NOT NULL;

-- How many indicators of a type are held, and how often that set has changed.
CREATE TABLE tally (
	type     TEXT    PRIMARY KEY,
	held     INTEGER NOT NULL,
	revision INTEGER NOT NULL
) WITHOUT ROWID;

-- The newest manifest of each own index, and which revision of the type's tally it shows. The chain of
-- manifests goes on from here even when the mirror folder is lost.
CREATE TABLE published (
	epoch    INTEGER NOT NULL,
	type     TEXT    NOT NULL,
	revision INTEGER NOT NULL,
	version  INTEGER NOT NULL,
	manifest BLOB    NOT NULL CHECK (length(manifest) = 32),
	PRIMARY KEY (epoch, type)
) WITHOUT ROWID;

-- What was taken out, for the withdrawal segments to come.
CREATE TABLE withdrawal (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	digest BLOB    NOT NULL,
	type   TEXT    NOT NULL,
	cause  TEXT    NOT NULL CHECK (cause IN ('withdrawn', 'expired')),
	at     INTEGER NOT NULL
);

-- OPRF outputs of own indicators, so that an index is rebuilt without evaluating again.
CREATE TABLE output (
	indicator INTEGER NOT NULL REFERENCES indicator (id) ON DELETE CASCADE,
	epoch     INTEGER NOT NULL,
	f         BLOB    NOT NULL CHECK (length(f) = 64),
	PRIMARY KEY (indicator, epoch)
) WITHOUT ROWID;
`, epochSchema, indexSchema}

var activitySchemas = []string{`
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;

-- Questions that this member asked.
CREATE TABLE query (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	id          TEXT    NOT NULL UNIQUE,
	at          INTEGER NOT NULL,
	purpose     TEXT    NOT NULL,
	case_ref    TEXT    NOT NULL,
	case_salt   BLOB    NOT NULL,
	queried     INTEGER NOT NULL,
	refused     INTEGER NOT NULL,
	suppressed  INTEGER NOT NULL,
	evaluations INTEGER NOT NULL,
	proofs      INTEGER NOT NULL,
	partial     INTEGER NOT NULL
);
CREATE TABLE asked (
	query  INTEGER NOT NULL REFERENCES query (seq) ON DELETE CASCADE,
	n      INTEGER NOT NULL,
	member TEXT    NOT NULL,
	status TEXT    NOT NULL,
	detail TEXT    NOT NULL,
	PRIMARY KEY (query, n)
) WITHOUT ROWID;
CREATE TABLE match (
	query     INTEGER NOT NULL REFERENCES query (seq) ON DELETE CASCADE,
	n         INTEGER NOT NULL,
	type      TEXT    NOT NULL,
	holder    TEXT    NOT NULL,
	reference TEXT,
	label     BLOB,
	PRIMARY KEY (query, n)
) WITHOUT ROWID;

-- What this member and a holder signed to one another, request by request: neither can disown it.
CREATE TABLE sent (
	query             INTEGER NOT NULL REFERENCES query (seq) ON DELETE CASCADE,
	n                 INTEGER NOT NULL,
	holder            TEXT    NOT NULL,
	header            BLOB    NOT NULL,
	signature         BLOB    NOT NULL,
	receipt           BLOB    NOT NULL,
	receipt_signature BLOB    NOT NULL,
	PRIMARY KEY (query, n)
) WITHOUT ROWID;

-- Questions that this member answered, and what they were charged to.
CREATE TABLE request (
	querier TEXT    NOT NULL,
	id      BLOB    NOT NULL CHECK (length(id) = 16),
	hash    BLOB    NOT NULL CHECK (length(hash) = 32),
	type    TEXT    NOT NULL,
	day     TEXT    NOT NULL,
	count   INTEGER NOT NULL,
	header    BLOB  NOT NULL,
	signature BLOB  NOT NULL CHECK (length(signature) = 64), -- the querier's, over the header
	at      INTEGER NOT NULL,
	PRIMARY KEY (querier, id)
) WITHOUT ROWID;
CREATE TABLE meter (
	querier TEXT    NOT NULL,
	type    TEXT    NOT NULL,
	day     TEXT    NOT NULL,
	used    INTEGER NOT NULL,
	PRIMARY KEY (querier, type, day)
) WITHOUT ROWID;
`, matchSchema, budgetSchema, noticeSchema, refusalSchema, alertSchema, auditSchema, reconcileSchema, pruneSchema}
