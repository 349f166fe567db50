package policytest

import (
	"crypto/tls"
	"sync"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
)

// resume turns resumption on.
func resume(p *wasitls.Policy) { p.Rules[0].Resumption = true }

// resumed demands which of a server's next connections resumed a session.
func resumed(t *testing.T, r *server, each ...bool) {
	t.Helper()
	var first int
	visits := map[int]*visit{} // a connection may end after the next
	for range each {
		v := r.visited(t)
		visits[v.number] = v
		if first == 0 || v.number < first {
			first = v.number
		}
	}
	for i, must := range each {
		v := visits[first+i]
		if v == nil || v.err != nil || v.state.DidResume != must || v.plain == 0 {
			t.Errorf("connection %d: not resumed %v: %+v", i+1, must, v)
		}
	}
}

// requests is a guest that makes a connection for each name, one after the
// other.
func requests(t *testing.T, d draft, c *wasitls.Client, r *server, names ...string) *process {
	t.Helper()
	var urls []string
	for _, name := range names {
		urls = append(urls, r.url(name))
	}
	return instance{client: c}.start(t, d.get, urls...)
}

func resumesWithinGuest(t *testing.T, d draft) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		r := site{change: func(c *tls.Config) { c.MaxVersion = version }}.serve(t)
		requests(t, d, client(t, resume), r, "a.test", "a.test", "a.test").works(t, reply)
		resumed(t, r, false, true, true)
	}
}

func resumesNotByDefault(t *testing.T, d draft) {
	r := site{}.serve(t)
	requests(t, d, client(t, nil), r, "a.test", "a.test").works(t, reply)
	resumed(t, r, false, false)
}

// resumesNotAcrossGuests: a session is no other guest's, not even with the
// same program, client and server.
func resumesNotAcrossGuests(t *testing.T, d draft) {
	r, c := site{}.serve(t), client(t, resume)
	for range 2 {
		requests(t, d, c, r, "a.test", "a.test").works(t, reply)
		resumed(t, r, false, true)
	}
}

// resumesNotAfterPolicy replaces the policy by one that says the same, while
// the guest has a connection.
func resumesNotAfterPolicy(t *testing.T, d draft) {
	c := client(t, resume)
	var once sync.Once
	r := site{handle: func(tc *conn) {
		once.Do(func() {
			if err := c.SetPolicy(policy(resume)); err != nil {
				t.Error(err)
			}
		})
		tc.answer()
	}}.serve(t)
	requests(t, d, c, r, "a.test", "a.test", "a.test").works(t, reply)
	resumed(t, r, false, false, true)
}

// resumesByRule: each rule says it for itself.
func resumesByRule(t *testing.T, d draft) {
	c := client(t, func(p *wasitls.Policy) {
		other := p.Rules[0]
		p.Rules[0].Servers, p.Rules[0].Resumption = []string{"a.test"}, true
		p.Rules = append(p.Rules, other)
	})
	r := site{}.serve(t)
	requests(t, d, c, r, "a.test", "a.test").works(t, reply)
	resumed(t, r, false, true)
	requests(t, d, c, r, "b.test", "b.test").works(t, reply)
	resumed(t, r, false, false)
}
