#!/bin/bash
# ===- arm.sh - build for AArch64 and test under emulation: ./dev arm --------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Cross-compiles what the tests need into build-arm/build, with the sysroot build-arm/sysroot, and runs tests under
# qemu-aarch64-static as Cortex-A72, which has base NEON only, so that whatever asks for more ends in SIGILL, and as
# `max`, which has dot products and 8-bit matrix multiplication. Emulation is 10 to 50 times slower than the machine,
# so the tests are chosen: as `max`, every one of the kernels, the runtime and the generator; what does not depend on the
# processor once, as Cortex-A72; end to end those that hold logits against digests and each other, and that look at the
# code. Nothing here says anything about speed on hardware.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
jobs=${JOBS:-$(nproc)}
sysroot=$PWD/build-arm/sysroot
build=$PWD/build-arm/build
results=$PWD/build-arm/results
say() { printf '== %s\n' "$*" >&2; }
fail() {
  say "$*"
  echo "arm: 0 passed, 1 failed"
  exit 1
}

utils/arm-sysroot.sh "$sysroot" || fail "no sysroot"
werror=${IGNIS_WERROR:-OFF}
if [ ! -e "$build/build.ninja" ] || ! grep -q "^IGNIS_WERROR:[A-Z]*=$werror\$" "$build/CMakeCache.txt"; then
  say "configuring build-arm/build"
  cmake --preset arm "-DIGNIS_WERROR=$werror" >&2 || fail "configuring failed"
fi
say "building for AArch64"
parts=(lib Unit/GGUF Unit/Generate Unit/Kernels Unit/Runtime Unit/Tokenizer) # of test
parts=("${parts[@]/#/test/}")
ninja -C "$build" -j"$jobs" ignis-run ignis-opt ignis-plan "${parts[@]/%//all}" >&2 || fail "the build failed"

rm -rf "$results"
mkdir -p "$results"
export IGNIS_BUILD_DIR=$build IGNIS_EMULATOR="qemu-aarch64-static -L $sysroot"
export PYTHONPATH=$PWD/python PYTHONDONTWRITEBYTECODE=1
reports=()

# end_to_end CPU EXPRESSION FILE...: the tests that do not match, beside all that follows.
end_to_end() {
  local cpu=$1 unwanted=$2
  shift 2
  say "end-to-end tests (pytest), as $cpu"
  reports+=("$results/$cpu-pytest.xml")
  QEMU_CPU=$cpu /usr/bin/python3 -m pytest -q -p no:cacheprovider --durations=5 -k "not ($unwanted)" \
    --junitxml="$results/$cpu-pytest.xml" "$@" >"$results/$cpu-pytest.log" 2>&1 &
}
end_to_end cortex-a72 "threads_and_chunks or instruction_sets or edited_module or fusions or ignis_opt" \
  test/Tools/test_digests.py test/Tools/test_same_bits.py test/Tools/test_generated_code.py
end_to_end max "edited_module or damaged_cache or ignis_opt or digest[scalar or digest[neon" \
  test/Tools/test_digests.py test/Tools/test_same_bits.py test/Arm

# unit CPU NAME [ENVIRONMENT...] -- [CTEST-OPTIONS...]: the unit tests of a folder.
unit() {
  local cpu=$1 name=$2 environment=()
  shift 2
  while [ "$1" != -- ]; do
    environment+=("$1")
    shift
  done
  shift
  say "unit tests of $name, as $cpu ${environment[*]}"
  reports+=("$results/$cpu-$name.xml")
  env QEMU_CPU="$cpu" "${environment[@]}" ctest --test-dir "$build/test/Unit/$name" -j"$jobs" --timeout 900 \
    --output-on-failure --output-junit "$results/$cpu-$name.xml" "$@" | tail -n 30 >&2
}

unit max Kernels -- -E SoftFma # plain C++, seen as cortex-a72
# Pages as Apple's processors have them; one step of several sequences, the rest of the sessions is seen end to end.
unit max Runtime QEMU_PAGESIZE=16384 -- -E "PromptInChunks|WhatCannotBeDone|reference"
unit cortex-a72 Kernels --
unit cortex-a72 Runtime -- -E "Session|Lowerings"
unit cortex-a72 Generate --
# Without those that measure time, and the sweeps that take minutes.
unit cortex-a72 GGUF QEMU_PAGESIZE=16384 -- -E "OpensFast|RandomDamage"
unit cortex-a72 Tokenizer -- -E "NotQuadratic|EveryCodePoint"

say "compiler and tool tests (lit), as cortex-a72"
QEMU_CPU=cortex-a72 "$build/bin/ignis-lit" -j"$jobs" -v --xunit-xml-output="$results/cortex-a72-lit.xml" \
  "$build/test" >&2
reports+=("$results/cortex-a72-lit.xml")

wait
cat "$results"/*-pytest.log >&2

/usr/bin/python3 utils/count-tests.py "${reports[@]}" | sed '$ s/^/arm: /'
exit "${PIPESTATUS[0]}"
