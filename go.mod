module github.com/wasitls/wasitls

go 1.26.0

// The engine: libwasmtime's static archive and headers ship inside this module.
require github.com/bytecodealliance/wasmtime-go/v44 v44.0.0

// The flags of the command.
require github.com/spf13/pflag v1.0.10

// Test-only: the command's tests are scripts.
require github.com/rogpeppe/go-internal v1.15.0

// Versions of interfaces.
require golang.org/x/mod v0.40.0

// System calls that package syscall does not have.
require golang.org/x/sys v0.49.0

// The metrics that the command serves, and an embedder may.
require github.com/prometheus/client_golang v1.25.0

// Mozilla's certificate authorities, for hosts without their own.
require golang.org/x/crypto/x509roots/fallback v0.0.0-20261030153154-30a33513ff6d

// Stapled OCSP responses.
require golang.org/x/crypto v0.58.0

// The list of public suffixes.
require golang.org/x/net v0.62.0

// The file of package config: a tree with lines, and errors with them.
require go.yaml.in/yaml/v4 v4.0.0

// Secrets in files of the form .env, without expansion of any kind.
require github.com/hashicorp/go-envparse v0.1.0

// Identities in PKCS#12 files.
require software.sslmate.com/src/go-pkcs12 v0.7.4

// The same metrics for programs with OpenTelemetry: its API.
require go.opentelemetry.io/otel/metric v1.47.0

// Attributes of those metrics.
require go.opentelemetry.io/otel v1.47.0

// Test-only: what counts behind that API.
require go.opentelemetry.io/otel/sdk/metric v1.47.0

require (
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/go-logr/logr v1.4.4 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/otel/log v1.47.0 // indirect
	go.opentelemetry.io/otel/sdk v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
	golang.org/x/tools v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
