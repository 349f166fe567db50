# make demo and make test need Go and a C compiler, nothing else.

GO      ?= go
SPEC    ?= testdata/spec
FUZZTIME ?= 400000x
PYTHON  ?= python3
BIN     := bin/wasitls

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0

.PHONY: build demo test race vet staticcheck check spec interop bettertls test-provider test-componentize python-cases bench bench-python fuzz guests guests-python clean

build:
	$(GO) build -o $(BIN) ./cmd/wasitls

demo: build
	$(BIN) demo

test:
	$(GO) test ./...
	cd testdata/guests && $(GO) test ./...

# The data-race detector, and the TLS half without cgo.
race:
	$(GO) test -race ./wasitls/... ./host/...
	CGO_ENABLED=0 $(GO) test ./wasitls ./wasitls/wasitlstest/...

vet:
	$(GO) vet ./...
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt on these files"; exit 1; }

staticcheck:
	$(GO) run $(STATICCHECK) ./...

check: vet staticcheck test race

# make spec SPEC=DIR runs a folder of converted component-model tests.
spec:
	$(GO) run ./host/internal/spectest/cmd -expect host/internal/spectest/expectations.json $(SPEC)

interop: build
	$(GO) run ./interop/cmd/interop -wasitls $(BIN) $(INTEROP)

# 9,572 certificate chains by others. The first time, Go downloads the suite.
bettertls:
	cd interop/bettertls && $(GO) vet . && $(GO) test -count=1 -v .

# The tests of TLS on another implementation of it, a module of its own.
test-provider:
	cd interop/utls && $(GO) vet . && $(GO) test .

# What componentize-py makes of Python, with wasi:tls. Its tests run with the others once it is there.
test-componentize: bin/componentize
	$(GO) test -count=1 -v -run '/componentize$$' ./interop/python

bin/componentize: guests/python/componentize/requirements.txt
	rm -rf $@
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@ --requirement $<
	cp $< $@

# Python programs natively and in the guest. The first time, pip installs packages.
python-cases: build
	$(GO) run ./interop/cmd/python -wasitls $(BIN) $(PYTHONCASES)

# make bench BENCH='-only send' passes flags.
bench:
	$(GO) run ./interop/cmd/bench $(BENCH)

# Python in the guest beside native Python: start, import, GET, download.
bench-python: build
	$(GO) run ./interop/cmd/python -wasitls $(BIN) -speed 5 $(PYTHONBENCH)

fuzz:
	$(GO) test ./wasitls -run '^$$' -fuzz FuzzParseServerName -fuzztime $(FUZZTIME)
	$(GO) test ./wasitls -run '^$$' -fuzz FuzzPattern -fuzztime $(FUZZTIME)
	$(GO) test ./host/internal/binary -run '^$$' -fuzz FuzzDecode -fuzztime $(FUZZTIME)
	$(GO) test ./host/internal/abi -run '^$$' -fuzz FuzzLift -fuzztime $(FUZZTIME)
	$(GO) test ./host -run '^$$' -fuzz FuzzComponent -fuzztime $(FUZZTIME)
	$(GO) test ./wasitls/internal/verify -run '^$$' -fuzz FuzzStaple -fuzztime $(FUZZTIME)
	$(GO) test ./wasitls/internal/verify -run '^$$' -fuzz FuzzList -fuzztime $(FUZZTIME)

guests:
	$(MAKE) -C guests
	cp testdata/guests/democli.wasm.gz testdata/guests/https-get-p3.wasm.gz cmd/wasitls/demo/

# CPython: some minutes the first time.
guests-python:
	$(MAKE) -C guests python

clean:
	rm -rf bin
