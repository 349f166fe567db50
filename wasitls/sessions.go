package wasitls

import (
	"crypto/tls"
	"sync"
	"weak"
)

// sessions are those that guests may resume under one rule, each its own. They
// go with the rule when the policy is replaced, and with their guest.
type sessions struct {
	mu      sync.Mutex
	byGuest map[weak.Pointer[Guest]]tls.ClientSessionCache
}

// sessionsOf returns the guest's sessions under the rule, nil if it resumes
// none.
func (r *rule) sessionsOf(g *Guest) tls.ClientSessionCache {
	if !r.Resumption {
		return nil
	}
	s, key := &r.sessions, weak.Make(g)
	s.mu.Lock()
	defer s.mu.Unlock()
	cache := s.byGuest[key]
	if cache == nil {
		if s.byGuest == nil {
			s.byGuest = map[weak.Pointer[Guest]]tls.ClientSessionCache{}
		}
		cache = tls.NewLRUClientSessionCache(maxSessions)
		s.byGuest[key] = cache
	}
	return cache
}

// forget drops all sessions: connections may hold their rules for long.
func (s *ruleset) forget() {
	for _, r := range s.resuming {
		r.sessions.mu.Lock()
		r.sessions.byGuest = nil
		r.sessions.mu.Unlock()
	}
}

// forget drops the sessions of a guest that nobody holds any more.
func (c *Client) forget(g weak.Pointer[Guest]) {
	for _, r := range c.rules.Load().resuming {
		r.sessions.mu.Lock()
		delete(r.sessions.byGuest, g)
		r.sessions.mu.Unlock()
	}
}
