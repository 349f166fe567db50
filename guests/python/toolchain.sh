#!/bin/sh
# Adds to the guests' toolchain (../toolchain.sh) what CPython needs: the same version of
# CPython to build with, make, and the sources of CPython and zlib in /build/sources.
#
#   guests/python/toolchain.sh [DIR]      default: that of ../toolchain.sh
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-${WASITLS_TOOLCHAIN:-/var/tmp/wasitls-toolchain}}
libc=0.0~git20260423.161b319-2
"$here/../toolchain.sh" "$dir"

in_root() {
  chroot "$dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/build LC_ALL=C DEBIAN_FRONTEND=noninteractive \
    sh -euc "$1"
}

packages() {
  sed -n 's/^deb /deb-src /p' "$dir/etc/apt/sources.list" >"$dir/etc/apt/sources.list.d/sources.list"
  in_root 'apt-get update -q && apt-get install -q -y --no-install-recommends python3.13 llvm make xz-utils
    rm -f /var/cache/apt/archives/*.deb'
  # clang looks for its builtins under the target's name; Debian has them under lib/wasi.
  in_root 'lib=$(clang --print-resource-dir)/lib && mkdir -p $lib/wasm32-unknown-wasip2 &&
    ln -sf ../wasi/libclang_rt.builtins-wasm32.a $lib/wasm32-unknown-wasip2/libclang_rt.builtins.a'
}

sources() {
  mkdir -p "$dir/build/sources"
  chmod 1777 "$dir/build/sources"
  in_root 'cd /build/sources && apt-get source -q --download-only python3.13=3.13.15-1 zlib=1:1.3.dfsg+really1.3.2-3'
  cp "$here/sources.sha256" "$dir/build/sources/"
  in_root 'cd /build/sources && sha256sum --quiet -c sources.sha256'
}

# static/src/layout.h is about one version of wasi-libc.
installed=$(in_root "dpkg-query -W -f '\${Version}' wasi-libc")
if [ "$installed" != "$libc" ]; then
  echo "toolchain: wasi-libc is $installed; static/src/layout.h was written for $libc" >&2
  exit 1
fi
if [ ! -e "$dir/.ready-python" ]; then
  packages
  sources
  touch "$dir/.ready-python"
fi
