package store

// matchSchema makes matches last beyond the answer that found them: one line an item shared with a
// holder, whoever found it and how often, and one line for each time that a query, a watch or a
// reconcile saw it. A store of the version before did not keep what tells two items apart, so each of
// its lines becomes a match of its own, under an id that is drawn here once.
const matchSchema = `
ALTER TABLE match RENAME TO match_before;

CREATE TABLE match (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: it orders the list
	id         TEXT    NOT NULL UNIQUE,
	source     TEXT    NOT NULL CHECK (source IN ('query', 'watch', 'reconcile')), -- that found it first
	type       TEXT    NOT NULL,
	holder     TEXT    NOT NULL,
	reference  TEXT,    -- this member's own
	label      BLOB,    -- the holder's newest
	first_seen INTEGER NOT NULL,
	last_seen  INTEGER NOT NULL,
	state      TEXT    NOT NULL CHECK (state IN ('new', 'notified', 'disputed', 'closed')),
	epoch      INTEGER, -- where the item stands in the holder's index, NULL where that is not known
	tag        BLOB CHECK (length(tag) = 8),
	proof      BLOB CHECK (length(proof) = 32),
	CHECK ((epoch IS NULL) = (tag IS NULL) AND (tag IS NULL) = (proof IS NULL))
);
CREATE INDEX match_holder ON match (holder);
CREATE INDEX match_state  ON match (state);

CREATE TABLE sighting (
	match     INTEGER NOT NULL REFERENCES match (seq) ON DELETE CASCADE,
	source    TEXT    NOT NULL CHECK (source IN ('query', 'watch', 'reconcile')),
	origin    TEXT    NOT NULL, -- the id of the query, watch or reconcile
	n         INTEGER NOT NULL, -- place in what the origin found
	at        INTEGER NOT NULL,
	purpose   TEXT    NOT NULL,
	case_ref  TEXT    NOT NULL, -- it never leaves the node
	reference TEXT,    -- as it was then
	label     BLOB,    -- as it was then
	PRIMARY KEY (source, origin, match)
) WITHOUT ROWID;
CREATE INDEX sighting_match ON sighting (match);
CREATE INDEX sighting_case  ON sighting (case_ref) WHERE case_ref <> '';

-- What this member's own people wrote down about a match. It never leaves the node.
CREATE TABLE match_note (
	match INTEGER NOT NULL REFERENCES match (seq) ON DELETE CASCADE,
	n     INTEGER NOT NULL,
	at    INTEGER NOT NULL,
	text  TEXT    NOT NULL,
	PRIMARY KEY (match, n)
) WITHOUT ROWID;

CREATE TEMP TABLE numbered AS
	SELECT row_number() OVER (ORDER BY query, n) AS seq, lower(hex(randomblob(16))) AS id, * FROM match_before;
INSERT INTO match (seq, id, source, type, holder, reference, label, first_seen, last_seen, state)
	SELECT b.seq, b.id, 'query', b.type, b.holder, b.reference, b.label, q.at, q.at, 'new'
	FROM numbered AS b JOIN query AS q ON q.seq = b.query ORDER BY b.seq;
INSERT INTO sighting (match, source, origin, n, at, purpose, case_ref, reference, label)
	SELECT b.seq, 'query', q.id, b.n, q.at, q.purpose, q.case_ref, b.reference, b.label
	FROM numbered AS b JOIN query AS q ON q.seq = b.query;
DROP TABLE numbered;
DROP TABLE match_before;
`
