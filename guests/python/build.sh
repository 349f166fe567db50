#!/bin/sh
# Builds CPython with TLS by wasi:tls, and its library, and packs both into testdata/guests.
#
#   guests/python/build.sh
#
# CPython itself is unpatched and is built once for each toolchain, in two minutes. The same
# sources and the same toolchain give the same bytes, as for the other guests.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tc=${WASITLS_TOOLCHAIN:-/var/tmp/wasitls-toolchain}
work=$tc/build/python
"$root/guests/python/toolchain.sh" "$tc"

in_root() { # runs a command in the toolchain's root
  chroot "$tc" env -i PATH=/usr/bin:/bin HOME=/build LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0 PYTHONHASHSEED=0 \
    cc="clang --target=wasm32-wasip2 --sysroot=/usr -fuse-ld=/usr/bin/wasm-ld -Wno-unused-command-line-argument" \
    sh -euc "cd /build/python && $1"
}

zlib() {
  in_root 'mkdir -p zlib include lib && tar -C zlib --strip-components=1 -xf /build/sources/zlib_*.orig.tar.gz
    cd zlib
    for f in *.c; do $cc -O2 -DHAVE_UNISTD_H -c $f; done
    llvm-ar rcs ../lib/libz.a *.o
    cp zlib.h zconf.h ../include/'
}

cpython() {
  in_root 'mkdir -p cpython cross &&
    tar -C cpython --strip-components=1 -xf /build/sources/python3.13_*.orig.tar.xz
    cd cross
    CONFIG_SITE=../cpython/Tools/wasm/config.site-wasm32-wasi \
      CC=$cc CPP="$cc -E" AR=llvm-ar RANLIB=llvm-ranlib READELF=true OPT="-DNDEBUG -O3" \
      CFLAGS="-D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS" \
      LIBS="-lwasi-emulated-signal -lwasi-emulated-getpid -lwasi-emulated-process-clocks" \
      ZLIB_CFLAGS=-I/build/python/include ZLIB_LIBS="-L/build/python/lib -lz" \
      ../cpython/configure --host=wasm32-wasip2 --build=x86_64-linux-gnu --prefix=/usr \
        --with-build-python=/usr/bin/python3.13 --with-suffix=.wasm \
        --disable-test-modules --without-ensurepip --enable-ipv6 >configure.log 2>&1
    make -s -j2 python.wasm >make.log 2>&1'
}

sources() { # copies ours in
  rm -rf "$work/src"
  mkdir -p "$work/src"
  tar -C "$root" -cf - guests/c guests/python wit | tar -C "$work/src" -xf -
}

# The stack and the memory to begin with are those of CPython's own link.
link() {
  in_root 'cd src/guests && mkdir objects
    for f in python/static/src/*.c c/wasi_tls.c; do
      $cc -std=gnu17 -O2 -DNDEBUG -Wall -Wextra -Wno-unused-parameter -Werror -Ic -Ipython/static/src \
        -isystem /build/python/cpython/Include -isystem /build/python/cross \
        -c $f -o objects/$(basename $f .c).o
    done
    cd /build/python/cross
    $cc -z stack-size=8388608 -Wl,--stack-first -Wl,--initial-memory=20971520 \
      -Wl,--strip-all -Wl,--wrap=getaddrinfo \
      -o ../python.plain.wasm ../src/guests/objects/*.o libpython3.13.a \
      Modules/_decimal/libmpdec/libmpdec.a Modules/expat/libexpat.a Modules/_hacl/libHacl_Hash_SHA2.a \
      ../lib/libz.a -ldl -lwasi-emulated-signal -lwasi-emulated-getpid -lwasi-emulated-process-clocks -lm'
}

component() {
  in_root 'rm -rf wit && mkdir -p wit/deps && cp src/guests/c/world.wit wit/ && cp -r src/wit/wasi-*@0.2* wit/deps/
    wasm-tools component embed --features tls --world guest wit python.plain.wasm -o python.core.wasm
    wasm-tools component new python.core.wasm -o python.wasm
    wasm-tools strip -a python.wasm -o python.wasm
    wasm-tools validate --features wasm2,component-model python.wasm'
}

library() {
  in_root 'python3.13 src/guests/python/library.py python313.zip \
    cpython/Lib src/guests/python/common src/guests/python/static/lib'
}

pack() { # pack NAME KIND [-tool TOOL]... SOURCE...: KIND is component or data
  name=$1 kind=$2 file=$1
  shift 2
  [ "$kind" = data ] || file=$name.wasm
  "$tc/build/pack" -root "$root" -name "$name" "-$kind" "$work/$file" -tool "$cpython" "$@" \
    guests/python/build.sh guests/python/toolchain.sh guests/python/sources.sha256
  echo "built $file: $(wc -c <"$work/$file") bytes"
}

if [ ! -e "$work/.built" ]; then
  rm -rf "$work"
  mkdir -p "$work"
  zlib
  cpython
  touch "$work/.built"
fi
sources
link
component
library

(cd "$root/testdata/guests" && go build -o "$tc/build/pack" ./cmd/pack)
cpython="CPython $(in_root 'sed -n "s/^#define PY_VERSION *\"\(.*\)\"/\1/p" cpython/Include/patchlevel.h')"
clang=$(in_root 'clang --version | sed -n "1s/.*version \([0-9.]*\).*/clang \1/p"')
libc=$(in_root 'dpkg-query -W -f "\${Package} \${Version}" wasi-libc')
wasmtools=$(in_root 'wasm-tools --version | cut -d " " -f 1-2')
wit=$(cd "$root" && echo wit/*@0.2*)

# shellcheck disable=SC2086 # one word per folder
pack python component -tool "$clang" -tool "$libc" -tool "$wasmtools" \
  guests/python/static/src guests/c/wasi_tls.c guests/c/wasi_tls.h guests/c/world.wit $wit
pack python313.zip data guests/python/common guests/python/static/lib guests/python/library.py
