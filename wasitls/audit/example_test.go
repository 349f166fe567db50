package audit_test

import (
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/audit"
)

// sample is an event like any other.
var sample = wasitls.Event{
	Kind:       wasitls.Closed,
	Time:       time.Date(2026, 11, 22, 21, 0, 0, 250e6, time.UTC),
	Connection: 7,
	Guest:      "billing",
	ServerName: "db.example.org",
	Address:    netip.MustParseAddrPort("192.0.2.7:5432"),
	Rule:       "database",
	State:      wasitls.State{Version: 0x0304, Suite: 0x1301, Group: 4588, Identity: "billing"},
	Duration:   90 * time.Second,
	Err:        &wasitls.StreamError{Class: wasitls.ClassTruncated, Op: "read", Err: wasitls.ErrTruncated},
	Sent:       311, Received: 20480,
	CloseSent: true, Truncated: true,
}

func ExampleLog() {
	log := audit.New(os.Stdout)
	log.Event(sample)
	// Output:
	// {"event":"closed","time":"2026-11-22T21:00:00.25Z","connection":7,"guest":"billing","server_name":"db.example.org","address":"192.0.2.7:5432","rule":"database","version":"TLS 1.3","suite":"TLS_AES_128_GCM_SHA256","group":"X25519MLKEM768","identity":"billing","seconds":90,"bytes_sent":311,"bytes_received":20480,"end":"truncated","close_sent":true,"class":"truncated","reason":"read: peer closed the connection without sending close_notify"}
}

func ExampleJoin() {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		panic(err)
	}
	defer file.Close()

	// Every event to a file, and to the program's own log.
	log := audit.New(file)
	config := wasitls.Config{Audit: audit.Join(log.Event, audit.Slog(slog.Default()))}
	if _, err := wasitls.NewClient(config); err != nil {
		panic(err)
	}
	// When all connections have ended, was everything written?
	if err := log.Err(); err != nil {
		panic(err)
	}
	// Output:
}
