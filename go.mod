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

// Mozilla's certificate authorities, for hosts without their own.
require golang.org/x/crypto/x509roots/fallback v0.0.0-20261030153154-30a33513ff6d

// Stapled OCSP responses.
require golang.org/x/crypto v0.58.0

// The list of public suffixes.
require golang.org/x/net v0.62.0

// The file of package config: a tree with lines, and errors with them.
require go.yaml.in/yaml/v4 v4.0.0

// Identities in PKCS#12 files.
require software.sslmate.com/src/go-pkcs12 v0.7.4

require golang.org/x/tools v0.49.0 // indirect
