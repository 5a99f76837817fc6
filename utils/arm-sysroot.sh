#!/bin/bash
# ===- arm-sysroot.sh - arm64 libraries to link with and to run under emulation ---------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# usage: utils/arm-sysroot.sh DIRECTORY
#
# Downloads the distribution's arm64 packages of what ignis links with, and all that they depend on, and unpacks them
# into DIRECTORY. apt works with a configuration, lists and cache of its own inside DIRECTORY: the machine's own
# package state is neither read nor changed, and nothing is installed. Needs no root. A directory that is complete is
# left alone.

set -euo pipefail
directory=${1:?usage: utils/arm-sysroot.sh DIRECTORY}
wanted=(libmlir-22-dev llvm-22-dev liblld-22-dev libpcre2-dev libutf8proc-dev zlib1g-dev libzstd-dev
  libgtest-dev libgmock-dev libstdc++-12-dev)
# Dependencies that only programs have (they would be arm64 programs, which nothing here runs): interpreters, their
# libraries, compilers' sanitizers, and the tools of LLVM itself, for which the machine's own stand in.
unwanted='^(lib)?(python|perl|curl|ssl|ldap|sasl|krb5|gssapi|k5|nettle|hogweed|gnutls|p11|tasn1|idn2|psl|rtmp|ssh|nghttp)'
unwanted+='|^(dpkg|tar|media-types|ncurses-bin|readline-common|icu-devtools|libicu-dev|googletest-tools)$'
unwanted+='|^lib(tsan|asan|hwasan|lsan|ubsan|itm|gomp|sqlite|db5|selinux|acl|keyutils|com-err|readline|ncursesw)'
unwanted+='|^(llvm-22|llvm-22-tools|llvm-22-runtime|mlir-22-tools|lld-22|libclang-cpp22)$'

stamp=$directory/.complete
key="${wanted[*]} $unwanted"
[ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && exit 0

rm -rf "$directory"
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
apt=$directory/.apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
cat >"$apt/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
CONF
export APT_CONFIG=$apt/apt.conf
echo "== unpacking arm64 packages into $directory" >&2
apt-get -q update >&2 # A source without arm64 is a warning.
mapfile -t packages < <(apt-get -s install "${wanted[@]}" | awk '$1 == "Inst" { print $2 }' | grep -vE "$unwanted")
[ ${#packages[@]} != 0 ] || { echo "arm-sysroot: the package sources have no arm64 packages of LLVM 22" >&2; exit 1; }
(cd "$apt/cache" && apt-get -q download "${packages[@]}" >&2)
for package in "$apt"/cache/*.deb; do
  dpkg-deb -x "$package" "$directory"
done
rm -rf "$apt"

# Absolute links lead out of the sysroot.
find "$directory" -type l -lname '/*' | while read -r link; do
  ln -snf "$(realpath -m --relative-to="$(dirname "$link")" "$directory$(readlink "$link")")" "$link"
done
# CMake's packages want to see LLVM's programs, and mlir-tblgen has to run here.
rm -rf "$directory/usr/lib/llvm-22/bin"
ln -s /usr/lib/llvm-22/bin "$directory/usr/lib/llvm-22/bin"
echo "$key" >"$stamp"
