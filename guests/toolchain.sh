#!/bin/sh
# Sets up the guests' toolchain: a Debian forky root with rustc, the wasm32 standard
# library, wasi-libc, clang and wasm-tools, in a folder outside the repository.
#
#   guests/toolchain.sh [DIR]      default: $WASITLS_TOOLCHAIN or /var/tmp/wasitls-toolchain
#
# Needs root (chroot) and debootstrap. The Debian mirror is the one this machine's apt uses.
set -eu

dir=${1:-${WASITLS_TOOLCHAIN:-/var/tmp/wasitls-toolchain}}
suite=forky
packages="rustc cargo libstd-rust-dev libstd-rust-dev-wasm32 wasi-libc wasm-tools
  clang lld libclang-rt-dev-wasm32 gcc libc6-dev ca-certificates"

if [ -e "$dir/.ready" ]; then
  echo "toolchain: $dir is ready"
  exit 0
fi
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
touch "$dir/.ready"
