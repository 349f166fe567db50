package wasitls_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// A client that trusts one CA connects, sends a line and reads it back. The
// halves never block; wasitlstest.Blocking waits for them.
func Example() {
	authority := wasitlstest.NewCA()
	server := wasitlstest.Peer{Config: authority.Server(), Handle: wasitlstest.Echo}

	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(authority.Pool())})
	if err != nil {
		log.Fatal(err)
	}
	guest := client.NewGuest(wasitls.GuestConfig{Name: "example"})
	conn, err := guest.Start(server.Pipe(), "server.test").Wait(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	stream := wasitlstest.NewBlocking(conn)
	fmt.Fprint(stream, "over TLS")
	conn.CloseOutput()
	answer, err := io.ReadAll(stream)
	fmt.Printf("%s %v\n", answer, err)
	stream.Close()

	_, err = guest.Start(server.Pipe(), "other.test").Wait(context.Background())
	fmt.Println(err)
	// Output:
	// over TLS <nil>
	// wasitls: handshake: tls: failed to verify certificate: x509: certificate is valid for server.test, localhost, not other.test
}

func ExampleParseServerName() {
	for _, s := range []string{"Example.ORG.", "::1", "example.org:443", "bücher.example"} {
		name, err := wasitls.ParseServerName(s)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(name, name.IsIP())
	}
	// Output:
	// example.org false
	// ::1 true
	// wasitls: invalid server name "example.org:443": contains a port
	// wasitls: invalid server name "bücher.example": not ASCII: write internationalised names as A-labels (xn--…)
}
