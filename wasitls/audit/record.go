package audit

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/wasitls/wasitls/wasitls"
)

// Record is an event as it is written: the names of its JSON fields, and of
// the attributes of Slog, are here and nowhere else. They keep their meaning;
// new ones may come. A field that is false, zero or empty is left out, but for
// the first three.
//
// docs/observability.md tells what each says.
type Record struct {
	Event        string    `json:"event"`
	Time         time.Time `json:"time"`
	Connection   uint64    `json:"connection"`
	Guest        string    `json:"guest,omitzero"`
	ServerName   string    `json:"server_name,omitzero"`
	Address      string    `json:"address,omitzero"`
	Rule         string    `json:"rule,omitzero"`
	Version      string    `json:"version,omitzero"`
	Suite        string    `json:"suite,omitzero"`
	Group        string    `json:"group,omitzero"`
	ALPN         string    `json:"alpn,omitzero"`
	ECH          bool      `json:"ech,omitzero"`
	Resumed      bool      `json:"resumed,omitzero"`
	OCSP         string    `json:"ocsp,omitzero"`
	Identity     string    `json:"identity,omitzero"`
	Certificates []string  `json:"certificates_sha256,omitzero"`
	Seconds      float64   `json:"seconds,omitzero"`
	Sent         int64     `json:"bytes_sent,omitzero"`
	Received     int64     `json:"bytes_received,omitzero"`
	End          string    `json:"end,omitzero"`
	CloseSent    bool      `json:"close_sent,omitzero"`
	CloseRecv    bool      `json:"close_received,omitzero"`
	Class        string    `json:"class,omitzero"`
	Reason       string    `json:"reason,omitzero"`
}

// NewRecord returns the event as it is written.
func NewRecord(e wasitls.Event) Record {
	r := Record{
		Event:      e.Kind.String(),
		Time:       e.Time.UTC(),
		Connection: e.Connection,
		Guest:      e.Guest,
		ServerName: e.ServerName,
		Rule:       e.Rule,
		ALPN:       e.State.ALPN,
		ECH:        e.State.ECH,
		Resumed:    e.State.Resumed,
		OCSP:       e.State.OCSP,
		Identity:   e.State.Identity,
		Seconds:    e.Duration.Seconds(),
		Sent:       e.Sent,
		Received:   e.Received,
		End:        e.End(),
		CloseSent:  e.CloseSent,
		CloseRecv:  e.CloseReceived,
		Class:      e.Class(),
	}
	if e.Address.IsValid() {
		r.Address = e.Address.String()
	}
	if s := e.State; s.Version != 0 {
		r.Version = tls.VersionName(s.Version)
		r.Suite = tls.CipherSuiteName(s.Suite)
	}
	if g := e.State.Group; g != 0 {
		r.Group = wasitls.GroupName(g)
	}
	for _, c := range e.State.PeerCertificates {
		r.Certificates = append(r.Certificates, wasitls.Fingerprint(c))
	}
	if e.Err != nil {
		r.Reason = strings.TrimPrefix(e.Err.Error(), "wasitls: ")
	}
	return r
}
