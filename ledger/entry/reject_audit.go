package entry

// Rejections of logs, audits and legal holds.
var (
	// ErrDayOpen reports a log of a day that others may still add to.
	ErrDayOpen = reject(100, "day-open", "the day is not over yet")
	// ErrNotCommitted reports an audit of days whose logs are not on the ledger.
	ErrNotCommitted = reject(101, "not-committed", "the logs of these days are not committed by both members")
	// ErrRetention reports an audit of days of which the querier need not keep anything any more.
	ErrRetention = reject(102, "beyond-retention", "the retention of these days is over")
	// ErrNothing reports an audit of days on which nothing was asked that both logs agree on.
	ErrNothing = reject(103, "nothing-to-draw", "there is nothing to draw from")
	// ErrUnknownAudit reports an audit that the board has not opened.
	ErrUnknownAudit = reject(104, "unknown-audit", "no such audit")
	// ErrAuditPhase reports an entry that is not due in an audit.
	ErrAuditPhase = reject(105, "wrong-phase", "the audit is not at this point")
	// ErrAuditParty reports a member that has no part in an audit or a hold, since it is about itself, or
	// about its sector.
	ErrAuditParty = reject(106, "audit-party", "the member is a party to it, or of a party's sector")
	// ErrSameSector reports a second nonce of one sector.
	ErrSameSector = reject(107, "same-sector", "the two nonces come from seats of different sectors")
	// ErrWithheld reports a seat that has withheld a nonce of this audit.
	ErrWithheld = reject(108, "nonce-withheld", "the seat has withheld a nonce of this audit")
	// ErrNonce reports a nonce that is not the one that was committed to.
	ErrNonce = reject(109, "bad-nonce", "the nonce is not the one that the seat committed to")
	// ErrNotAnAuditor reports a verdict of a member that the audit does not name.
	ErrNotAnAuditor = reject(110, "not-an-auditor", "the audit names other auditors")
	// ErrTooEarly reports a verdict of refusal while there is time to answer.
	ErrTooEarly = reject(111, "too-early", "the querier still has time to answer")
	// ErrVerdict reports a verdict that contradicts itself.
	ErrVerdict = reject(112, "bad-verdict", "the verdict does not fit the number of openings")
	// ErrUnknownHold reports the release of a hold that is not in force.
	ErrUnknownHold = reject(113, "unknown-hold", "no such legal hold is in force")
)
