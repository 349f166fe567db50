package wasitls

import (
	"crypto/tls"
	"time"

	"github.com/wasitls/wasitls/wasitls/internal/verify"
)

// FieldError says what is wrong with a field of a Policy.
type FieldError struct {
	// Field is the field as a policy file has it, such as
	// "rules[2].min-version".
	Field string
	Err   error
}

func (e *FieldError) Error() string { return "wasitls: policy: " + e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// Validate tells what is wrong with the policy: all of it, as *FieldError
// joined with errors.Join. Identities must be valid at that time.
func (p *Policy) Validate(now time.Time) error {
	_, err := compile(p, now)
	return err
}

// ruleset is a policy ready for use. It does not change.
type ruleset struct {
	index    index
	fallback *rule   // for names that no rule matches; nil to refuse them
	resuming []*rule // those with Resumption
	limits   *Limits
}

// rule is a Rule ready for use.
type rule struct {
	Rule
	place    int         // in the policy
	config   *tls.Config // to be cloned for each connection
	identity *Identity
	demands  verify.Demands // on the peer's certificates
	limits   *Limits        // of the policy
	sessions sessions
}

// find returns the rule for a name, nil if there is none.
func (s *ruleset) find(name ServerName) *rule {
	if r := s.index.find(name); r != nil {
		return r
	}
	return s.fallback
}
