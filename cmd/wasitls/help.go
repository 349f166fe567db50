package main

const mainHelp = `usage: wasitls COMMAND [ARG...]

Runs WebAssembly components that do TLS through wasi:tls: the guest opens the
connection, the host does the handshake and keeps the keys.

  run      run a command component
  python   run a Python script in the Python guest
  inspect  list a component's imports and exports, and the flags it needs
  explain  tell what a policy file does with a server name
  demo     run a small guest against TLS servers good and bad, all in process
  version  print the versions of everything

wasitls help COMMAND tells more.

Example:
  wasitls run --experimental-tls --allow-net=example.org:443 \
      https-get.wasm https://example.org/
`

const runHelp = `usage: wasitls run [FLAG...] COMPONENT [ARG...]

Runs a component that exports wasi:cli/run. COMPONENT is a .wasm file, or one
compressed with gzip. Flags end at COMPONENT; what follows is the guest's. A
guest gets stdin, stdout, stderr, clocks and random numbers; all else must be
granted.

Network:
  --allow-net=HOST[:PORT]    let the guest connect to this host, on this port or
                             any. HOST is a name, an address, or a range such as
                             10.0.0.0/8 or [fd00::]/8. A name grants the
                             addresses it has when the guest looks it up.
                             Repeatable
  --allow-listen=ADDR[:PORT] let the guest listen on this address. Repeatable
  --inherit-network          all of the above without bounds

TLS:
  --experimental-tls[=DRAFT] offer wasi:tls (experimental): the drafts 0.2 and
                             0.3, or only the one named
  --tls-ca=FILE              trust the certificates in this PEM file, beside the
                             roots. Repeatable
  --tls-roots=system|none    the roots to begin with (default system)
  --tls-audit=FILE|-         add a line of JSON to this file for each handshake
                             and connection that ends; - is standard output
  --metrics=ADDR:PORT        serve metrics for Prometheus there, as /metrics,
                             while the guest runs
  --tls-keylog=FILE          add the secrets of every connection to this file,
                             for debugging alone: see docs/observability.md

Configuration:
  --config=FILE              do what this file says: with which servers the
                             guest may do TLS, whom to trust there, as whom to
                             answer; see docs/policy.md. SIGHUP reads it again.
                             Excludes --tls-ca and --tls-roots. Its section
                             workload gives the guest variables, configuration
                             values and secrets; see docs/secrets.md
  --experimental-config      offer wasi:config/store (experimental), with the
                             configuration values of that section
  --allow-literal-secrets    let secrets stand in the file itself: for
                             development

Files and environment:
  --dir=HOST[::GUEST][:ro]   give the guest a directory, under the name GUEST if
                             there is one, read-only with :ro. Repeatable
  --env=NAME[=VALUE]         give the guest a variable; without VALUE, the
                             value it has here. Repeatable. Replaces what the
                             file of --config says for NAME

Limits:
  --timeout=DURATION         end the guest after this time, such as 30s or 5m
  --max-memory=SIZE          bound the guest's memory, such as 64MiB or 512k
                             (default 1GiB)

Compiled code:
  --cache-dir=DIR            keep compiled code there (default: wasitls in the
                             user's cache directory). Nobody else may write it
  --no-cache                 keep none

Exit status: 0 if the guest succeeded, 1 if it returned an error, the guest's
own code if it gave one, 2 for bad usage and for guests refused before they
started, 134 if the guest trapped or ran out of time, 130 or 143 if it was
ended by SIGINT or SIGTERM.

Example:
  wasitls run --experimental-tls --allow-net=example.org:443 \
      https-get.wasm https://example.org/
`

const pythonHelp = `usage: wasitls python [FLAG...] SCRIPT [ARG...]
       wasitls python [FLAG...] -- PYTHON-ARG...

Runs a script in the prebuilt Python guest, whose ssl is the host's TLS: short
for wasitls run with that component and its library. The script's folder is
granted read-only. What follows -- goes to Python as it is, such as -c CODE.

  --packages=DIR       let the script import what is in this folder, where pip
                       install --target has put it. Repeatable
  --python=DIR         the folder with python.wasm.gz and python313.zip.gz
                       (default: WASITLS_PYTHON, or testdata/guests of the
                       checkout that this command was built in)

All flags of wasitls run are flags here: wasitls help run lists them.

Example:
  wasitls python --experimental-tls --allow-net=example.org:443 \
      --packages=site script.py https://example.org/
`

const inspectHelp = `usage: wasitls inspect [--json] COMPONENT

Lists what a component imports and exports, whether this host serves each
import, and the flag of wasitls run that an import needs to be of use. The exit
status is 0 for every component, served or not.

  --json   one JSON object: {"imports": [...], "exports": [...]}. Each entry has
           name, kind and items; imports also served, and where they apply
           missing (items this host does not have) and flags

Example:
  wasitls inspect https-get.wasm
`

const explainHelp = `usage: wasitls explain --config=FILE --server-name=NAME [FLAG...]

Tells what a policy does with a server name: whether guests may talk to it, by
which rule, and what each field of that rule means in effect. Files that the
policy names are read; no key or password is ever shown. Exit status: 0 if the
policy allows it, 1 if it denies it, 2 if that cannot be told.

  --config=FILE        the file, as for wasitls run
  --server-name=NAME   the name or address that a guest gives
  --address=IP         what the connection is to: where the rule has
                       require-resolved, the name is looked up, and denied
                       unless it has this address
  --allow-literal-secrets
                       as for wasitls run
  --json               one JSON object: server-name, decision, reason, rule,
                       fields, roots, identity and address, where they apply

Example:
  wasitls explain --config=wasitls.yaml --server-name=example.org
`

const demoHelp = `usage: wasitls demo

Starts TLS servers in this process, with certificates of an authority that
exists for this run only, and runs a small guest for each draft against them,
and the Python guest where wasitls python finds it. Each case is one line: ok or
FAIL, the draft, what was expected, what the guest saw. The exit status is 0
only if all passed. Needs no network but loopback, and no files of yours.

Example:
  wasitls demo
`

const versionHelp = `usage: wasitls version

Prints the versions of this command, of Go, of the engine, and of the
interfaces served.

Example:
  wasitls version
`
