#!/bin/sh
# Sets up the guests' toolchain: a Debian forky root with rustc, the wasm32 standard
# library, wasi-libc, clang and wasm-tools, in a folder outside the repository. Debian's
# wasm-tools cannot write components of WASI 0.3, so one that can is built from its crate.
#
#   guests/toolchain.sh [DIR]      default: $WASITLS_TOOLCHAIN or /var/tmp/wasitls-toolchain
#
# Needs root (chroot) and debootstrap. The Debian mirror is the one this machine's apt uses.
set -eu

dir=${1:-${WASITLS_TOOLCHAIN:-/var/tmp/wasitls-toolchain}}
suite=forky
p3_wasm_tools=1.257.1
packages="rustc cargo libstd-rust-dev libstd-rust-dev-wasm32 wasi-libc wasm-tools
  clang lld libclang-rt-dev-wasm32 gcc libc6-dev ca-certificates"

base() { # the Debian root
  command -v debootstrap >/dev/null || apt-get install -y --no-install-recommends debootstrap
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep '/debian/*$' | head -n 1)
  [ -n "$mirror" ] || { echo "toolchain: apt knows no Debian mirror" >&2; exit 1; }

  # Older debootstraps know no forky; every suite after bookworm is made by the same script.
  mkdir -p "$dir"
  debootstrap --variant=minbase \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    "$suite" "$dir" "$mirror" /usr/share/debootstrap/scripts/sid

  echo 'Acquire::Check-Valid-Until "false";' >"$dir/etc/apt/apt.conf.d/90wasitls"
  for f in $(apt-config dump --format '%f %v%n' | sed -n 's/^Acquire::https\{0,1\}::[Pp]roxy.* //p' | sort -u); do
    printf 'Acquire::http::Proxy "%s";\nAcquire::https::Proxy "%s";\n' "$f" "$f" >>"$dir/etc/apt/apt.conf.d/90wasitls"
  done
  cp /etc/resolv.conf "$dir/etc/resolv.conf"
  cp /etc/hosts "$dir/etc/hosts"
  export DEBIAN_FRONTEND=noninteractive LC_ALL=C
  chroot "$dir" apt-get update -q
  # shellcheck disable=SC2086
  chroot "$dir" apt-get install -q -y --no-install-recommends $packages
  rm -rf "$dir"/var/cache/apt/archives/*.deb
}

p3() { # wasm-tools for WASI 0.3, in /opt/p3/bin; some minutes
  # The registry is trusted as this machine trusts it.
  if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    cp /etc/ssl/certs/ca-certificates.crt "$dir/etc/ssl/certs/ca-certificates.crt"
  fi
  chroot "$dir" env -i PATH=/usr/bin:/bin HOME=/build LC_ALL=C CARGO_HOME=/build/cargo \
    ${https_proxy:+https_proxy="$https_proxy"} ${http_proxy:+http_proxy="$http_proxy"} \
    cargo install --locked --root /opt/p3 --no-default-features \
    --features component,validate,print,strip,objdump,metadata "wasm-tools@$p3_wasm_tools"
}

if [ ! -e "$dir/.ready" ]; then
  base
  touch "$dir/.ready"
fi
if [ ! -x "$dir/opt/p3/bin/wasm-tools" ]; then
  p3
fi
echo "toolchain: $dir is ready"
