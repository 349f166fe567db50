#!/bin/sh
# Builds the guests and packs them into testdata/guests.
#
#   guests/build.sh [NAME...]      default: all
#
# The same sources and the same toolchain give the same bytes: builds run in the toolchain's
# root (see toolchain.sh) at a fixed path, stripped, with crates pinned by Cargo.lock.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
tc=${WASITLS_TOOLCHAIN:-/var/tmp/wasitls-toolchain}
"$root/guests/toolchain.sh" "$tc"

in_root() { # runs a command in the toolchain's root, from the copied sources
  chroot "$tc" env -i PATH=/usr/bin:/bin HOME=/build LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0 \
    CARGO_HOME=/build/cargo CARGO_TARGET_DIR=/build/target CARGO_INCREMENTAL=0 \
    ${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} \
    CARGO_TARGET_WASM32_WASIP2_LINKER=wasm-ld \
    RUSTFLAGS="--remap-path-prefix=/build/cargo/registry/src=crates --remap-path-prefix=/build/src=." \
    sh -euc "cd /build/src && $1"
}

# Copy the sources in. Times are kept, so that cargo rebuilds only what changed.
rm -rf "$tc/build/src"
mkdir -p "$tc/build/src" "$tc/build/out"
tar -C "$root" --exclude target -cf - guests/rust guests/c wit | tar -C "$tc/build/src" -xf -
cp /etc/ssl/certs/ca-certificates.crt "$tc/etc/ssl/certs/ca-certificates.crt"
(cd "$root/testdata/guests" && go build -o "$tc/build/pack" ./cmd/pack)

rustc=$(in_root 'rustc --version | cut -d " " -f 1-2')
clang=$(in_root 'clang --version | sed -n "1s/.*version \([0-9.]*\).*/clang \1/p"')
libc=$(in_root 'dpkg-query -W -f "\${Package} \${Version}" wasi-libc')
wasmtools=$(in_root 'wasm-tools --version | cut -d " " -f 1-2')

# component NAME CORE [EMBED-ARGS]: turns /build/out/NAME.core.wasm into a component.
component() {
  in_root "wasm-tools component new /build/out/$1.core.wasm -o /build/out/$1.wasm &&
    wasm-tools strip -a /build/out/$1.wasm -o /build/out/$1.wasm &&
    wasm-tools validate --features all /build/out/$1.wasm"
}

# pack NAME TOOLS SOURCE...
pack() {
  name=$1 tool=$2
  shift 2
  "$tc/build/pack" -root "$root" -name "$name" -component "$tc/build/out/$name.wasm" \
    -tool "$tool" -tool "$wasmtools" "$@"
  echo "built $name: $(wc -c <"$tc/build/out/$name.wasm") bytes"
}

rust() { # rust NAME: a binary of the workspace
  in_root "cd guests/rust && cargo build -q --locked --release --target wasm32-wasip2 -p $1 --bin $1 &&
    cp /build/target/wasm32-wasip2/release/$1.wasm /build/out/$1.core.wasm"
  component "$1"
}

# What every Rust guest depends on.
shared="guests/rust/Cargo.toml guests/rust/Cargo.lock"

build() {
  case $1 in
  hello)
    rust hello
    pack hello "$rustc" guests/rust/hello $shared
    ;;
  https-get | democli)
    rust "$1"
    pack "$1" "$rustc" "guests/rust/$1" guests/rust/wasi-tls-client wit $shared
    ;;
  *)
    echo "build.sh: no guest $1" >&2
    return 1
    ;;
  esac
}

[ $# -gt 0 ] || set -- hello https-get democli
for name in "$@"; do
  build "$name"
done
