// A module of its own, so that nobody who uses wasitls downloads the suite.
module github.com/wasitls/wasitls/interop/bettertls

go 1.26.0

// The suite, which makes its certificates with keys.
require github.com/Netflix/bettertls v0.0.0-20250909192348-e1e99e353074

// What is tested: this checkout.
require github.com/wasitls/wasitls v0.0.0

require (
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/crypto/x509roots/fallback v0.0.0-20261030153154-30a33513ff6d // indirect
	golang.org/x/net v0.62.0 // indirect
)

replace github.com/wasitls/wasitls => ../..
