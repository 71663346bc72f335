// Package alert is what becomes of a watch's hits (specs/watch.md): each raises one alert, durable before
// anybody hears of it; a flood waits for an operator; followers and webhooks are told, and neither misses
// one.
//
//	hits -> known already? -> flood? --yes--> quarantine --operator--> release | drop
//	                            no                                        |
//	                            v                                         v
//	                  one transaction: match, alert, a line in each receiver's outbox
//	                            |
//	                            +--> followers, by number: what was missed is read from the store
//	                            +--> webhooks, in order, signed, again and again until taken
//
// What leaks: to a webhook's receiver, what an alert shows its analyst (see [Shown]), and nothing of the
// value, its digest or the case. To holders: nothing.
package alert
