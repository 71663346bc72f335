package store

// indexSchema lets an index grow by segments: where each of them begins in the store, which manifests
// were shown, and what mirrors have acknowledged.
const indexSchema = `
-- Up to where the newest manifest shows the store: the ids of its newest indicator and journal line.
ALTER TABLE published ADD COLUMN indicator  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE published ADD COLUMN withdrawal INTEGER NOT NULL DEFAULT 0;

-- The id that the indicator had: what was imported after a segment begins is not in the segments before.
ALTER TABLE withdrawal ADD COLUMN indicator INTEGER NOT NULL DEFAULT 0;
CREATE INDEX withdrawal_type ON withdrawal (type, id);

-- Every manifest that this member signed, and up to which journal line things are gone from it.
CREATE TABLE shown (
	epoch      INTEGER NOT NULL,
	type       TEXT    NOT NULL,
	version    INTEGER NOT NULL,
	manifest   BLOB    NOT NULL CHECK (length(manifest) = 32),
	withdrawal INTEGER NOT NULL,
	PRIMARY KEY (epoch, type, version)
) WITHOUT ROWID;
INSERT INTO shown SELECT epoch, type, version, manifest, 0 FROM published;

-- Where the segments of the newest manifest begin in the store: they hold what comes after these ids.
CREATE TABLE segment (
	epoch      INTEGER NOT NULL,
	type       TEXT    NOT NULL,
	name       BLOB    NOT NULL CHECK (length(name) = 32),
	indicator  INTEGER NOT NULL,
	withdrawal INTEGER NOT NULL,
	PRIMARY KEY (epoch, type, name)
) WITHOUT ROWID;

-- The newest manifest that each mirror says to have in use, with its signed word.
CREATE TABLE acknowledged (
	mirror  TEXT    NOT NULL, -- peer ID
	epoch   INTEGER NOT NULL,
	type    TEXT    NOT NULL,
	version INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	word    BLOB    NOT NULL,
	PRIMARY KEY (mirror, epoch, type)
) WITHOUT ROWID;

-- What was taken out together, and the newest journal line of each type.
CREATE TABLE removal (
	id    INTEGER PRIMARY KEY AUTOINCREMENT,
	cause TEXT    NOT NULL CHECK (cause IN ('withdrawn', 'expired')),
	at    INTEGER NOT NULL
);
CREATE TABLE removed (
	removal INTEGER NOT NULL REFERENCES removal (id) ON DELETE CASCADE,
	type    TEXT    NOT NULL,
	count   INTEGER NOT NULL,
	last    INTEGER NOT NULL,
	PRIMARY KEY (removal, type)
) WITHOUT ROWID;
`
