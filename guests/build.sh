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
tar -C "$root" --exclude target -cf - guests/rust guests/rust-p3 guests/c guests/c-p3 wit | tar -C "$tc/build/src" -xf -
# The registry is trusted as this machine trusts it.
if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
  cp /etc/ssl/certs/ca-certificates.crt "$tc/etc/ssl/certs/ca-certificates.crt"
fi
(cd "$root/testdata/guests" && go build -o "$tc/build/pack" ./cmd/pack)

rustc=$(in_root 'rustc --version | cut -d " " -f 1-2')
clang=$(in_root 'clang --version | sed -n "1s/.*version \([0-9.]*\).*/clang \1/p"')
libc=$(in_root 'dpkg-query -W -f "\${Package} \${Version}" wasi-libc')
wasmtools=$(in_root 'wasm-tools --version | cut -d " " -f 1-2')
p3_wasmtools=$(in_root '/opt/p3/bin/wasm-tools --version | cut -d " " -f 1-2')

# component NAME CORE [EMBED-ARGS]: turns /build/out/NAME.core.wasm into a component.
component() {
  in_root "wasm-tools component new /build/out/$1.core.wasm -o /build/out/$1.wasm &&
    wasm-tools strip -a /build/out/$1.wasm -o /build/out/$1.wasm &&
    wasm-tools validate --features all /build/out/$1.wasm"
}

# pack NAME TOOL [-tool TOOL]... SOURCE...
pack() {
  name=$1 tool=$2
  shift 2
  case $name in
  *-p3) tools=$p3_wasmtools ;;
  *) tools=$wasmtools ;;
  esac
  "$tc/build/pack" -root "$root" -name "$name" -component "$tc/build/out/$name.wasm" \
    -tool "$tool" -tool "$tools" "$@"
  echo "built $name: $(wc -c <"$tc/build/out/$name.wasm") bytes"
}

rust() { # rust NAME: a binary of the workspace
  in_root "cd guests/rust && cargo build -q --locked --release --target wasm32-wasip2 -p $1 --bin $1 &&
    cp /build/target/wasm32-wasip2/release/$1.wasm /build/out/$1.core.wasm"
  component "$1"
}

rust_p3() { # rust_p3 NAME [RUSTFLAGS]: a library of the workspace for WASI 0.3
  library=$(echo "$1" | tr - _)
  in_root "export RUSTFLAGS=\"\$RUSTFLAGS -C linker=wasm-ld ${2:-}\" && cd guests/rust-p3 &&
    cargo build -q --locked --release --target wasm32-unknown-unknown -p $1 &&
    cd /build/out && PATH=/opt/p3/bin:\$PATH &&
    wasm-tools component new /build/target/wasm32-unknown-unknown/release/$library.wasm -o $1.wasm &&
    wasm-tools strip -a $1.wasm -o $1.wasm &&
    wasm-tools validate --features all $1.wasm"
}

waiter() { # no standard library, imports by hand, one page of memory
  in_root 'cd guests/rust && RUSTFLAGS="$RUSTFLAGS -C linker=wasm-ld -C link-arg=-zstack-size=16384" \
      cargo build -q --locked --release --target wasm32-unknown-unknown -p waiter &&
    rm -rf /build/wit && mkdir -p /build/wit/deps && cp waiter/world.wit /build/wit/ &&
    cp -r ../../wit/wasi-* /build/wit/deps/ &&
    wasm-tools component embed --features tls --world guest /build/wit \
      /build/target/wasm32-unknown-unknown/release/waiter.wasm -o /build/out/waiter.core.wasm'
  component waiter
}

c() { # c NAME: guests/c/NAME.c with the bindings for wasi:tls
  # clang looks for its builtins under the target's name; Debian has them under lib/wasi.
  in_root "builtins=\$(clang --print-resource-dir)/lib/wasi/libclang_rt.builtins-wasm32.a
    rm -rf /build/wit && mkdir -p /build/wit/deps && cp guests/c/world.wit /build/wit/ &&
    cp -r wit/wasi-* /build/wit/deps/ && cd guests/c &&
    clang --target=wasm32-wasip2 --sysroot=/usr -std=c17 -Os -Wall -Wextra -Werror \
      -fuse-ld=/usr/bin/wasm-ld -nostdlib -Wl,--strip-all \
      /usr/lib/wasm32-wasip2/crt1-command.o $1.c wasi_tls.c -lc \$builtins \
      -o /build/out/$1.plain.wasm &&
    wasm-tools component embed --features tls --world guest /build/wit /build/out/$1.plain.wasm \
      -o /build/out/$1.core.wasm"
  component "$1"
}

c_p3() { # c_p3 NAME: guests/c-p3/NAME.c, without a library
  in_root "rm -rf /build/wit && mkdir -p /build/wit/deps && cp guests/c-p3/world.wit /build/wit/ &&
    cp -r wit/wasi-*@0.3* /build/wit/deps/ && cd guests/c-p3 &&
    clang --target=wasm32-unknown-unknown -std=c17 -Os -Wall -Wextra -Werror -ffreestanding \
      -fuse-ld=/usr/bin/wasm-ld -nostdlib -Wl,--no-entry -Wl,--strip-all $1.c \
      -o /build/out/$1.plain.wasm &&
    cd /build/out && PATH=/opt/p3/bin:\$PATH &&
    wasm-tools component embed --world guest /build/wit $1.plain.wasm -o $1.core.wasm &&
    wasm-tools component new $1.core.wasm -o $1.wasm &&
    wasm-tools strip -a $1.wasm -o $1.wasm &&
    wasm-tools validate --features all $1.wasm"
}

# What every Rust guest depends on.
shared="guests/rust/Cargo.toml guests/rust/Cargo.lock guests/build.sh"
shared_p3="guests/rust-p3/Cargo.toml guests/rust-p3/Cargo.lock guests/build.sh"
# The interfaces of either version.
wit=$(cd "$root" && echo wit/*@0.2*)
wit_p3=$(cd "$root" && echo wit/*@0.3*)

build() {
  case $1 in
  hello)
    rust hello
    pack hello "$rustc" guests/rust/hello guests/rust/wasi-tls-client $wit $shared
    ;;
  waiter)
    waiter
    pack waiter "$rustc" guests/rust/waiter $wit $shared
    ;;
  https-get | democli | tlscheck | tlsbench | pg-query)
    rust "$1"
    pack "$1" "$rustc" "guests/rust/$1" guests/rust/wasi-tls-client $wit $shared
    ;;
  https-get-p3 | tlscheck-p3) # they share their command line with the guests of 0.2
    rust_p3 "$1"
    pack "$1" "$rustc" "guests/rust-p3/$1" "guests/rust/${1%-p3}/src/options.rs" \
      guests/rust-p3/wasi-tls-client-p3 $wit_p3 $shared_p3
    ;;
  pg-query-p3) # as these, and with its own source of random numbers
    rust_p3 "$1" '--cfg getrandom_backend=\"custom\"'
    pack "$1" "$rustc" "guests/rust-p3/$1" guests/rust/pg-query/src/options.rs guests/rust/pg-query/src/protocol.rs \
      guests/rust-p3/wasi-tls-client-p3 $wit_p3 $shared_p3
    ;;
  hello-p3 | net-p3 | tlsbench-p3 | smtp-starttls-p3 | tlspump-p3)
    rust_p3 "$1"
    pack "$1" "$rustc" "guests/rust-p3/$1" guests/rust-p3/wasi-tls-client-p3 $wit_p3 $shared_p3
    ;;
  both-p3)
    rust_p3 "$1"
    pack "$1" "$rustc" "guests/rust-p3/$1" guests/rust-p3/wasi-tls-client-p3 $wit $wit_p3 $shared_p3
    ;;
  probes-p3)
    rust_p3 "$1"
    pack "$1" "$rustc" "guests/rust-p3/$1" $wit_p3 $shared_p3
    ;;
  https-get-c-p3)
    c_p3 "$1"
    pack "$1" "$clang" guests/c-p3 $wit_p3 guests/build.sh
    ;;
  https-get-c | net-c)
    c "$1"
    pack "$1" "$clang" -tool "$libc" guests/c $wit guests/build.sh
    ;;
  *)
    echo "build.sh: no guest $1" >&2
    return 1
    ;;
  esac
  # The command embeds its own copy of what its demo runs.
  case $1 in
  democli | https-get-p3) cp "$root/testdata/guests/$1.wasm.gz" "$root/cmd/wasitls/demo/" ;;
  esac
}

[ $# -gt 0 ] || set -- hello https-get democli https-get-c net-c waiter tlsbench tlscheck hello-p3 net-p3 both-p3 https-get-p3 tlsbench-p3 tlscheck-p3 \
  https-get-c-p3 probes-p3 \
  smtp-starttls-p3 tlspump-p3 pg-query pg-query-p3
for name in "$@"; do
  build "$name"
done
