// RUN: ignis-opt %s --split-input-file --verify-diagnostics --ignis-verify-phase=phase=lower -o /dev/null

llvm.func @ignis_barrier()
llvm.func @ignis_matvec_q8_0()
// expected-error @+1 {{after phase 'lower': external symbol 'expf' is neither a kernel nor the barrier}}
llvm.func @expf(f32) -> f32

// -----

// expected-error @+1 {{after phase 'lower': expected ops of the LLVM dialect alone, got 'func.func'}}
func.func @f() { return }
