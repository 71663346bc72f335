package store

// epochSchema empties the cache of outputs, which was in the clear before: what an epoch leaves behind is
// unreadable once its key is erased.
const epochSchema = `
DELETE FROM output;
`

// budgetSchema has meters by member instead of by peer id, so that a node key that is rotated starts none
// anew, in the order in which a ceiling adds them up; and what holders last told this member of its budgets.
// Of the day of the change the meters begin at nothing.
const budgetSchema = `
DROP TABLE meter;
CREATE TABLE meter (
	day    TEXT    NOT NULL,
	type   TEXT    NOT NULL,
	member TEXT    NOT NULL,
	used   INTEGER NOT NULL,
	PRIMARY KEY (day, type, member)
) WITHOUT ROWID;
CREATE TABLE told (
	holder    TEXT    NOT NULL,
	type      TEXT    NOT NULL,
	remaining INTEGER NOT NULL,
	resets    INTEGER NOT NULL, -- Unix seconds of ledger time
	at        INTEGER NOT NULL, -- Unix milliseconds
	PRIMARY KEY (holder, type)
) WITHOUT ROWID;
`
