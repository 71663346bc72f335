package store

import (
	"context"
	"database/sql"
	"time"
)

// Counted is a count of a period: how often something happened with a member, or a sector, for a purpose in a month.
type Counted struct {
	Kind    string // of the Counted* below
	Party   string // the other member's name; a peer ID or a sector where the kind says so
	Purpose string
	Month   string // YYYY-MM, UTC
	N       int64
}

// What is counted.
const (
	CountedAsked    = "queries-asked"     // a query, once for each holder that answered
	CountedRefused  = "refusals-received" // a query, once for each holder that refused, or was not asked because policy denies it
	CountedMatches  = "matches"
	CountedSaid     = "notices-sent"
	CountedHeard    = "notices-received"
	CountedRefusals = "refusals-given" // Party is a sector
)

// CountActivity counts what this member's own logs hold from from on and before to. What was answered is read
// with [Store.AnsweredHeaders], since its purpose stands in the signed header alone.
func (s *Store) CountActivity(ctx context.Context, from, to time.Time) ([]Counted, error) {
	a, b := from.UnixMilli(), to.UnixMilli()
	rows, err := s.activity.read.QueryContext(ctx, `
		SELECT CASE WHEN a.status = 'ok' THEN 'queries-asked' ELSE 'refusals-received' END, a.member, q.purpose,
			strftime('%Y-%m', q.at / 1000, 'unixepoch'), count(*)
		FROM asked AS a JOIN query AS q ON q.seq = a.query
		WHERE q.at >= ? AND q.at < ? AND a.status IN ('ok', 'not-a-member', 'suspended', 'not-permitted', 'budget-spent',
			'epoch-over', 'too-large', 'malformed', 'wrong-ledger', 'stale-checkpoint', 'request-reused', 'overloaded')
		GROUP BY 1, 2, 3, 4
		UNION ALL
		SELECT 'matches', m.holder, (SELECT g.purpose FROM sighting AS g WHERE g.match = m.seq ORDER BY g.at, g.source, g.origin LIMIT 1),
			strftime('%Y-%m', m.first_seen / 1000, 'unixepoch'), count(*)
		FROM match AS m WHERE m.first_seen >= ? AND m.first_seen < ? GROUP BY 1, 2, 3, 4
		UNION ALL
		SELECT 'notices-sent', d.member, d.purpose, strftime('%Y-%m', d.told_at / 1000, 'unixepoch'), count(*)
		FROM said AS d WHERE d.kind = 'notice' AND d.state = 'delivered' AND d.told_at >= ? AND d.told_at < ? GROUP BY 1, 2, 3, 4
		UNION ALL
		SELECT 'notices-received', h.member, h.purpose, strftime('%Y-%m', h.at / 1000, 'unixepoch'), count(*)
		FROM heard AS h WHERE h.kind = 'notice' AND h.at >= ? AND h.at < ? GROUP BY 1, 2, 3, 4
		UNION ALL
		SELECT 'refusals-given', r.sector, r.purpose, r.month, sum(r.count)
		FROM refusal AS r WHERE r.day >= ? AND r.day < ? GROUP BY 1, 2, 3, 4`,
		a, b, a, b, a, b, a, b, dayOf(from), dayOf(to))
	if err != nil {
		return nil, cause(ctx, err)
	}
	return collect(ctx, rows, func(rows *sql.Rows, c *Counted) error {
		return rows.Scan(&c.Kind, &c.Party, &c.Purpose, &c.Month, &c.N)
	})
}

func dayOf(t time.Time) int64 { return t.Unix() / 86400 }

// AnsweredHeaders calls fn with the querier's peer ID and the signed header of every request that this
// member answered from from on and before to. fn must not write to the store.
func (s *Store) AnsweredHeaders(ctx context.Context, from, to time.Time, fn func(querier string, header []byte, at time.Time)) error {
	rows, err := s.activity.read.QueryContext(ctx, "SELECT querier, header, at FROM request WHERE at >= ? AND at < ?",
		from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return cause(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var querier string
		var header sql.RawBytes
		var at int64
		if err := rows.Scan(&querier, &header, &at); err != nil {
			return cause(ctx, err)
		}
		fn(querier, header, fromMillis(at))
	}
	return cause(ctx, rows.Err())
}

// NoteRefusal counts a question that this member refused.
func (s *Store) NoteRefusal(ctx context.Context, sector, purpose string) error {
	now := s.now().UTC()
	return s.activity.tx(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, `INSERT INTO refusal (month, day, sector, purpose, count) VALUES (?, ?, ?, ?, 1)
			ON CONFLICT (day, sector, purpose) DO UPDATE SET count = count + 1`, now.Format("2006-01"), dayOf(now), sector, purpose)
		return err
	})
}
