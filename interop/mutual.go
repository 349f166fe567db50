package interop

import (
	"crypto/tls"
	"fmt"
	"strings"
)

// Mutual returns the meeting with servers that ask for a client certificate and
// say whose it was.
func Mutual() Meeting {
	return Meeting{
		Title: "Client certificates",
		About: `Servers that ask for a client certificate, and guests run with ` + "`wasitls run --config FILE`" + `, whose policy names
the identity: ` + "`https-get`" + ` and ` + "`pg-query`" + ` on WASI 0.2, ` + "`https-get-p3`" + ` and ` + "`pg-query-p3`" + ` on 0.3. A mark means that the guest
got just this far and heard these words. The control ` + "`native`" + ` is crypto/tls, and psql for PostgreSQL.

A server that refuses a client's certificate, or the lack of one, says so **in the handshake** in TLS 1.2. In TLS 1.3
the guest hears it **at the first read**, after a handshake that succeeded: the client's side ends with its own
Finished message, which the server reads together with the certificate, and there is no message that says that both
were accepted (RFC 8446, section 4.4). What the guest has written by then is lost. nginx, and PostgreSQL when there is
no certificate, finish the handshake in either version and refuse in their own protocol.
`,
		Servers:    append(meetingServers(), postgreSQL()),
		Encounters: inBoth(withOpenSSL, withNginx, withPostgreSQL),
		asks:       true,
	}
}

// onRefusal is where a client hears that its certificate is refused.
func onRefusal(version uint16) Stage {
	if version == tls.VersionTLS13 {
		return AtFirstRead
	}
	return InHandshake
}

const (
	aboutRight   = "a certificate that the server knows; it says whose it was"
	aboutNone    = "the client has no identity"
	aboutUnknown = "a certificate of an authority that the server does not know"
	aboutRevoked = "a certificate that is on the authority's revocation list"
)

func withOpenSSL(version uint16) []Encounter {
	const server = "openssl s_server"
	at := onRefusal(version)
	none := "tls: handshake failure"
	if version == tls.VersionTLS13 {
		none = "tls: certificate required"
	}
	return []Encounter{
		{Server: server, Name: "right", About: aboutRight, Shows: rightful, Stage: ByAnswer, Says: []string{"Subject: CN=" + rightful}},
		{Server: server, Name: "none", About: aboutNone, Stage: at, Says: []string{none}},
		{Server: server, Name: "unknown", About: aboutUnknown, Shows: unknown, Stage: at, Says: []string{"tls: unknown certificate authority"}},
		{Server: server, Name: "revoked", About: aboutRevoked, Shows: revoked, Stage: at, Says: []string{"tls: revoked certificate"}},
	}
}

// withNginx refuses by a page: nginx takes every certificate in the handshake.
func withNginx(version uint16) []Encounter {
	const server, refused = "nginx", "400 The SSL certificate error"
	right := fmt.Sprintf("CN=%s over %s", rightful, strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1))
	return []Encounter{
		{Server: server, Name: "right", About: aboutRight, Shows: rightful, Stage: ByAnswer, Says: []string{right}},
		{Server: server, Name: "none", About: aboutNone, Stage: ByAnswer, Says: []string{"400 No required SSL certificate was sent"}},
		{Server: server, Name: "unknown", About: aboutUnknown, Shows: unknown, Stage: ByAnswer, Says: []string{refused}},
		{Server: server, Name: "revoked", About: aboutRevoked, Shows: revoked, Stage: ByAnswer, Says: []string{refused}},
	}
}

// withPostgreSQL asks the server as whom it takes the client. Texts come in pairs:
// a guest's and psql's.
func withPostgreSQL(version uint16) []Encounter {
	const server = "PostgreSQL"
	at := onRefusal(version)
	ask := func(user, database, password string) *Query {
		return &Query{User: user, Database: database, Password: password,
			SQL: "select concat_ws(' over ', client_dn, version) from pg_stat_ssl where pid = pg_backend_pid() and current_user = 'alice'"}
	}
	login := ask(rightful, byCertificate, "")
	taken := []string{fmt.Sprintf("/CN=%s over %s", rightful, strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1))}
	fatal := func(text string) []string { return []string{"FATAL 28000: " + text, "FATAL:  " + text} }
	return []Encounter{
		{Server: server, Name: "right", About: aboutRight, Shows: rightful, Query: login, Stage: ByAnswer, Says: taken},
		{Server: server, Name: "none", About: aboutNone, Query: login, Stage: ByAnswer, Says: fatal("connection requires a valid client certificate")},
		{Server: server, Name: "unknown", About: aboutUnknown, Shows: unknown, Query: login, Stage: at,
			Says: []string{"tls: unknown certificate authority", "alert unknown ca"}},
		{Server: server, Name: "revoked", About: aboutRevoked, Shows: revoked, Query: login, Stage: at,
			Says: []string{"tls: revoked certificate", "alert certificate revoked"}},
		{Server: server, Name: "other user", About: "a certificate that the server knows, for another user than the one who logs in",
			Shows: rightful, Query: ask("postgres", byCertificate, ""), Stage: ByAnswer,
			Says: fatal(`certificate authentication failed for user "postgres"`)},
		{Server: server, Name: "password", About: "a certificate that the server knows, and SCRAM inside of TLS",
			Shows: rightful, Query: ask(rightful, byPassword, password), Stage: ByAnswer, Says: taken},
	}
}
