package store

// auditSchema keeps what audits by opening need: of questions that this member asked, sealed digests and
// blinds; of those that it answered, the day that each belongs to; and its nonces, before they are
// committed to.
const auditSchema = `
CREATE TABLE opening (
	hash      BLOB    PRIMARY KEY CHECK (length(hash) = 32), -- of the request's header
	holder    TEXT    NOT NULL, -- peer id
	day       INTEGER NOT NULL, -- of ledger time, by the size in the header
	until     INTEGER NOT NULL, -- the last day on which it is kept
	count     INTEGER NOT NULL,
	header    BLOB    NOT NULL,
	signature BLOB    NOT NULL CHECK (length(signature) = 64),
	sealed    BLOB    NOT NULL, -- digests and blinds under the key of (day, until)
	answered  INTEGER NOT NULL  -- 0: sent; 1: the holder has signed that it answered
) WITHOUT ROWID;
CREATE INDEX opening_day   ON opening (day, holder);
CREATE INDEX opening_until ON opening (until);

ALTER TABLE request ADD COLUMN log_day INTEGER; -- of ledger time, by the size in the header; NULL until it is looked up
CREATE INDEX request_undated ON request (querier) WHERE log_day IS NULL;
CREATE INDEX request_log_day ON request (log_day, querier);

-- What holders have signed of a day's log, before this member committed to its own.
CREATE TABLE day_log (
	day       INTEGER NOT NULL,
	holder    TEXT    NOT NULL, -- peer id
	summary   BLOB    NOT NULL,
	signature BLOB    NOT NULL,
	PRIMARY KEY (day, holder)
) WITHOUT ROWID;

CREATE TABLE audit_nonce (
	audit BLOB    NOT NULL CHECK (length(audit) = 32),
	round INTEGER NOT NULL,
	nonce BLOB    NOT NULL CHECK (length(nonce) = 32),
	PRIMARY KEY (audit, round)
) WITHOUT ROWID;
`
