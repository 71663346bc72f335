package store

// refusalSchema counts the questions that this member refused: for the transparency report. What was
// answered is in request, line by line; a refusal is a count, or who is refused could fill the disk.
const refusalSchema = `
CREATE TABLE refusal (
	month   TEXT    NOT NULL, -- YYYY-MM, UTC
	day     INTEGER NOT NULL, -- days since 1970-01-01
	sector  TEXT    NOT NULL, -- of the querier
	purpose TEXT    NOT NULL, -- one of the ledger's, or 'other'
	count   INTEGER NOT NULL,
	PRIMARY KEY (day, sector, purpose)
) WITHOUT ROWID;
`
