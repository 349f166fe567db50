package config

import "github.com/wasitls/wasitls/wasitls/secret"

// Workload is what a guest is given.
type Workload struct {
	// Secrets are by the names under which the section tls may use them.
	Secrets map[string]secret.Value
}

// workload decodes the section workload.
func (d *decoder) workload(n node) *Workload {
	w := new(Workload)
	d.object(n, fields{})
	return w
}
