// Package wasitls is TLS for guests: a client connection on crypto/tls, or on
// another Provider, whose two halves never block, so that a WebAssembly host can
// offer them as streams. A Policy says who may talk to whom.
//
// It knows nothing of WebAssembly. A binding (wasitls/p2 and wasitls/p3
// for the drafts) hands over a byte transport and a server name, and turns what it
// gets back into resources:
//
//	client, err := wasitls.NewClient(wasitls.Config{})     // once per host
//	guest := client.NewGuest(wasitls.GuestConfig{})        // once per guest
//	handshake := guest.Start(transport, "example.org")     // runs by itself
//	conn, err := handshake.Result()                        // after handshake.Ready
//	conn.Input().Read(p)                                   // plaintext, 0 if there is none yet
//	conn.Output().Write(p)                                 // within conn.Output().Permit
//
// # What it adds to crypto/tls
//
// Truncation: crypto/tls reports a transport that ends without close_notify
// as a clean end. Here it is ErrTruncated, unless Rule.AllowTruncation.
//
// Server names: crypto/tls sends any string to the peer. Here ParseServerName
// decides before the first byte.
//
// Certificates: a Rule may demand pinned keys, revocation lists, a stapled OCSP
// response, or a stricter profile. crypto/tls asks for a response and does not
// look at it. Nothing is fetched.
//
// Bounds: the handshake has a deadline, both halves have bounded buffers that
// are held only while they are in use, and data accepted from a guest that
// went away is delivered within Limits.CloseTimeout or given up.
//
// Errors: one class for each thing a caller may want to tell apart, the reason
// in Go's words, and no local addresses or paths.
//
// # What crypto/tls does not give
//
// Post-handshake messages are handled while somebody waits for the peer's data,
// or for the end of it: for a guest that does not, KeyUpdate and close_notify
// wait as well. What follows the peer's close_notify on the transport may have
// been read ahead and is lost, so that nothing can go back from TLS to plain
// text. A TLS 1.2 server that asks for renegotiation ends the connection. A TLS
// 1.3 server that refuses the client's certificate is heard on the first read,
// after a handshake that succeeded.
package wasitls
