#!/bin/bash
# ===- arm.sh - build for AArch64 and test under emulation: ./dev arm --------------------------=== #
# SPDX-License-Identifier: Apache-2.0
#
# Cross-compiles what the tests need into build-arm/build, with the sysroot build-arm/sysroot, and runs tests under
# qemu-aarch64-static twice: as Cortex-A72, which has base NEON only, so that whatever asks for more ends in SIGILL,
# and as `max`, which has dot products and 8-bit matrix multiplication. Emulation is 10 to 50 times slower than the
# machine, so the tests are chosen: every one of the kernels, the runtime and the generator; the compiler's; and end to
# end those that hold logits against digests and each other, and that look at the generated code. Nothing here says
# anything about speed.

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
units=(Kernels Runtime Generate Tokenizer)
programs=(ignis-run ignis-opt ignis-plan)
for unit in "${units[@]}"; do
  programs+=("Ignis${unit}Tests")
done
say "building for AArch64"
ninja -C "$build" -j"$jobs" "${programs[@]}" >&2 || fail "the build failed"

rm -rf "$results"
mkdir -p "$results"
export IGNIS_BUILD_DIR=$build IGNIS_EMULATOR="qemu-aarch64-static -L $sysroot"
export PYTHONPATH=$PWD/python PYTHONDONTWRITEBYTECODE=1
for cpu in cortex-a72 max; do
  for unit in "${units[@]}"; do
    [ "$unit" = Tokenizer ] && [ $cpu = max ] && continue # Nothing in it depends on the processor.
    say "unit tests of $unit, as $cpu"
    # A test that measures time has nothing to say under emulation.
    QEMU_CPU=$cpu ctest -E NotQuadratic --test-dir "$build/test/Unit/$unit" -j"$jobs" --timeout 600 --output-on-failure \
      --output-junit "$results/$cpu-$unit.xml" | tail -n 30 >&2
  done
done
say "compiler and tool tests (lit), as cortex-a72"
QEMU_CPU=cortex-a72 "$build/bin/ignis-lit" -j"$jobs" -v --xunit-xml-output="$results/cortex-a72-lit.xml" \
  "$build/test" >&2

# End to end: the two processors side by side.
chosen=(test/Tools/test_digests.py test/Tools/test_same_bits.py test/Tools/test_generated_code.py)
declare -A skipped=(
  [cortex-a72]="threads_and_chunks or instruction_sets or edited_module or fusions or ignis_opt"
  [max]="edited_module or scalar or damaged_cache or ignis_opt"
)
for cpu in cortex-a72 max; do
  say "end-to-end tests (pytest), as $cpu"
  QEMU_CPU=$cpu /usr/bin/python3 -m pytest -q -p no:cacheprovider --durations=5 -k "not (${skipped[$cpu]})" \
    --junitxml="$results/$cpu-pytest.xml" "${chosen[@]}" >"$results/$cpu-pytest.log" 2>&1 &
done
wait
cat "$results"/*-pytest.log >&2

reports=()
for cpu in cortex-a72 max; do
  for suite in "${units[@]}" lit pytest; do
    case $cpu-$suite in
    max-Tokenizer | max-lit) ;;
    *) reports+=("$results/$cpu-$suite.xml") ;;
    esac
  done
done
/usr/bin/python3 utils/count-tests.py "${reports[@]}" | sed '$ s/^/arm: /'
exit "${PIPESTATUS[0]}"
