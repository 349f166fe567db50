#!/bin/sh
# Builds configured and configured-p3 and packs them into testdata/guests, as guests/build.sh does with the others:
# see there.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tc=${WASITLS_TOOLCHAIN:-/var/tmp/wasitls-toolchain}
"$root/guests/toolchain.sh" "$tc"

in_root() { # runs a command in the toolchain's root, from the copied sources
  chroot "$tc" env -i PATH=/usr/bin:/bin HOME=/build LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0 \
    CARGO_HOME=/build/cargo CARGO_TARGET_DIR=/build/target-config CARGO_INCREMENTAL=0 \
    ${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} \
    CARGO_TARGET_WASM32_WASIP2_LINKER=wasm-ld \
    RUSTFLAGS="--remap-path-prefix=/build/cargo/registry/src=crates --remap-path-prefix=/build/src-config=." \
    sh -euc "cd /build/src-config/guests/rust-config && $1"
}

rm -rf "$tc/build/src-config"
mkdir -p "$tc/build/src-config" "$tc/build/out"
tar -C "$root" --exclude target -cf - guests/rust-config guests/rust-p3 wit | tar -C "$tc/build/src-config" -xf -
(cd "$root/testdata/guests" && go build -o "$tc/build/pack-config" ./cmd/pack)

in_root 'cargo build -q --locked --release --target wasm32-wasip2 -p configured
  cd /build/out
  wasm-tools component new /build/target-config/wasm32-wasip2/release/configured.wasm -o configured.wasm
  wasm-tools strip -a configured.wasm -o configured.wasm
  wasm-tools validate --features all configured.wasm'
in_root 'export RUSTFLAGS="$RUSTFLAGS -C linker=wasm-ld"
  cargo build -q --locked --release --target wasm32-unknown-unknown -p configured-p3
  cd /build/out && PATH=/opt/p3/bin:$PATH
  wasm-tools component new /build/target-config/wasm32-unknown-unknown/release/configured_p3.wasm -o configured-p3.wasm
  wasm-tools strip -a configured-p3.wasm -o configured-p3.wasm
  wasm-tools validate --features all configured-p3.wasm'

# pack NAME WASM-TOOLS SOURCE...
pack() {
  name=$1 tools=$2
  shift 2
  "$tc/build/pack-config" -root "$root" -name "$name" -component "$tc/build/out/$name.wasm" \
    -tool "$(in_root 'rustc --version | cut -d " " -f 1-2')" \
    -tool "$(in_root "$tools --version | cut -d ' ' -f 1-2")" \
    guests/rust-config "$@"
}
pack configured wasm-tools wit/wasi-config@0.2.0-rc.1
pack configured-p3 /opt/p3/bin/wasm-tools wit/wasi-config@0.2.0-rc.1 \
  guests/rust-p3/wasi-tls-client-p3 guests/rust-p3/Cargo.toml $(cd "$root" && echo wit/*@0.3*)
