package node

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/crosslight/crosslight/node/api"
	"github.com/crosslight/crosslight/node/holder"
	"github.com/crosslight/crosslight/node/home"
	"github.com/crosslight/crosslight/node/hub/local"
	"github.com/crosslight/crosslight/node/mirror/fetch"
	"github.com/crosslight/crosslight/node/notify"
	"github.com/crosslight/crosslight/node/reconcile"
)

// openHub makes the two sides of the member: the one that answers and the one that asks.
func (n *Node) openHub() (err error) {
	n.openAudit()
	n.holder = holder.New(holder.Config{
		Name: n.card.Card.Name, LedgerID: n.genesis.ID(), Ring: n.ring, Ledger: n.replica, Store: n.store,
		Mirror: n.mirror, Metrics: n.metrics, Log: n.log, Now: n.cfg.Now, Settled: n.mayAuthorise, Authority: n.authority,
		Admit: n.audit.Admit,
	})
	n.notify = notify.New(notify.Config{
		Name: n.card.Card.Name, LedgerID: n.genesis.ID(), Ring: n.ring, Store: n.store, Host: n.host, View: n.replica.View,
		Authority: n.authority, Settled: n.mayAuthorise, Outputs: n.holder.EachOutput, Log: n.log, Now: n.cfg.Now,
	})
	if n.reconcile, err = reconcile.New(n.ctx, reconcile.Config{
		Name: n.card.Card.Name, LedgerID: n.genesis.ID(), Ring: n.ring, Ledger: n.replica, Store: n.store, Host: n.host,
		Holder: n.holder, Metrics: n.metrics, Log: n.log, Now: n.cfg.Now, Authority: n.authority, Settled: n.mayAuthorise,
		Automatic: n.cfg.ReconcileAutomatic, Patience: n.cfg.ReconcilePatience,
	}); err != nil {
		return err
	}
	n.defers(n.reconcile.Close)
	n.fetcher = n.newFetcher()
	n.hub = local.New(local.Config{
		Name: n.card.Card.Name, LedgerID: n.genesis.ID(), Region: n.cfg.Region, Version: n.cfg.Version,
		Ring: n.ring, Store: n.store, Mirror: n.mirror, Replica: n.replica, Submit: n.submit,
		Fetcher: n.fetcher, Notify: n.notify,
		Indexer: n.holder.Indexer(), Holder: n.holder, Host: n.host, Metrics: n.metrics, Health: n.health,
		Gather:   n.cosigning.Gather,
		Evidence: n.home.Evidence(), Audit: n.audit, Log: n.log, Now: n.cfg.Now, Settled: n.mayAuthorise, Authority: n.authority,
		Alerts: n.cfg.Alerts, Webhooks: n.cfg.Webhooks, Reconcile: n.reconcile,
	})
	n.serveData()
	n.checks()
	return n.openGossip()
}

// newFetcher returns what brings others' indexes here and compares them with what was anchored and announced.
func (n *Node) newFetcher() *fetch.Fetcher {
	f := fetch.New(n.host, n.mirror, n.genesis.ID(), n.countMirrored)
	f.Guard(n.anchorsOf, n.accuseFork)
	return f
}

// Timeouts of the local API. Requests and answers may be long streams, so only their beginning is
// bounded.
const (
	headerWithin = 10 * time.Second
	idleWithin   = 2 * time.Minute
	maxHeader    = 64 << 10
)

// openAPI listens, and leaves the address and the token in the home for the command line.
func (n *Node) openAPI() error {
	token, err := n.token()
	if err != nil {
		return err
	}
	address := n.cfg.APIListen
	if address == "" {
		address = "127.0.0.1:7480"
	}
	n.listen, err = net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w (%s)", ErrPortInUse, address)
	}
	if err != nil {
		return fmt.Errorf("listen for the API on %s: %w", address, err)
	}
	streams, endStreams := context.WithCancel(n.ctx) // those that end with the server alone
	n.defers(func() error { endStreams(); return nil })
	n.api = &http.Server{
		Handler: n.counted(api.New(n.hub, api.Config{
			Token: token, Version: n.cfg.Version, Metrics: n.metrics.Handler(), Ready: n.health.Reasons, Logger: n.log,
			Closing: streams,
		})),
		BaseContext:       func(net.Listener) context.Context { return n.ctx },
		ReadHeaderTimeout: headerWithin, IdleTimeout: idleWithin, MaxHeaderBytes: maxHeader,
	}
	n.api.RegisterOnShutdown(endStreams)
	if err := home.WriteFile(n.home.Address(), []byte(n.APIAddr()+"\n"), 0o600); err != nil {
		return errors.Join(err, n.listen.Close())
	}
	n.defers(func() error { return os.Remove(n.home.Address()) })
	n.work.Go(func() {
		if err := n.api.Serve(n.listen); !errors.Is(err, http.ErrServerClosed) {
			n.fail(fmt.Errorf("the API stopped: %w", err))
		}
	})
	return nil
}

// counted lets shutdown wait for requests whose connections it has cut off: what they work on is closed
// only after them.
func (n *Node) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		defer n.requests.Done()
		next.ServeHTTP(w, r)
	})
}

// token reads the API's token, or makes one.
func (n *Node) token() (string, error) {
	raw, err := os.ReadFile(n.home.Token())
	if err == nil && len(strings.TrimSpace(string(raw))) >= 32 {
		return strings.TrimSpace(string(raw)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the API's token: %w", err)
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	token := hex.EncodeToString(secret[:])
	return token, home.WriteFile(n.home.Token(), []byte(token+"\n"), 0o600)
}
