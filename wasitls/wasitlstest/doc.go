// Package wasitlstest has TLS peers that behave and misbehave on purpose: a
// throw-away certificate authority with leaves of every kind, an in-memory
// connection with half-close and reset, transports with faults, and servers
// that run on that connection or on loopback TCP.
//
//	ca := wasitlstest.NewCA()
//	peer := wasitlstest.Peer{Config: ca.Server(wasitlstest.Expired()), Handle: wasitlstest.Echo}
//	conn := peer.Pipe()                      // in memory
//	server, err := peer.Listen()             // or on loopback
//
// It is for tests and demonstrations. Functions that make keys and
// certificates panic when asked for something that cannot be made.
package wasitlstest
