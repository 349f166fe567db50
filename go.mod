module github.com/wasitls/wasitls

go 1.26

// The engine: libwasmtime's static archive and headers ship inside this module.
require github.com/bytecodealliance/wasmtime-go/v44 v44.0.0

require golang.org/x/mod v0.40.0 // indirect
