module github.com/wasitls/wasitls/interop/utls

go 1.26.0

// What is tested: this repository's.
require github.com/wasitls/wasitls v0.0.0

// Another implementation of TLS: a fork of crypto/tls with types of its own.
require github.com/refraction-networking/utls v1.8.2

require (
	github.com/andybalholm/brotli v1.0.6 // indirect
	github.com/klauspost/compress v1.17.4 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/crypto/x509roots/fallback v0.0.0-20261030153154-30a33513ff6d // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/wasitls/wasitls => ../..
