//===- arm-instructions.cpp - calls one kernel once, for arm-instructions.py ------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// arguments: variant, kernel (matvec or matmul), features, k, rows. Everything but the kernel is
// done before the address range that is counted is entered.

#include "ignis/Kernels/Dispatch.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace ignis::kernels;

int main(int argc, char **argv) {
  if (argc != 6)
    return 2;
  Selection chosen = selectKernels(detectCPUFeatures(), argv[1]);
  if (!chosen.variant) {
    std::fprintf(stderr, "%s\n", chosen.error.c_str());
    return 1;
  }
  bool matvec = argv[2][3] == 'v';
  int64_t n = std::atoll(argv[3]), k = std::atoll(argv[4]), rows = std::atoll(argv[5]);
  std::vector<uint8_t> file(size_t(n * k / 32 * 34));
  for (size_t i = 0; i < file.size(); ++i)
    file[i] = i % 34 == 1 ? 0x2c : uint8_t(i * 7);
  std::vector<float> x(size_t(rows * k)), y(size_t(rows * n));
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(int(i * 37 % 255) - 127);
  std::vector<uint8_t> w(size_t(packedBytes(n, k))), a(size_t(rows * activationRecordBytes(k)));
  chosen.variant->pack(file.data(), n, k, w.data());
  const KernelTable &table = chosen.variant->table;
  table.round_q8_0(x.data(), a.data(), rows, k, 0, k, k);
  if (matvec)
    table.matvec_q8_0(w.data(), a.data(), nullptr, nullptr, y.data(), k, 0, n);
  else
    table.matmul_q8_0(w.data(), a.data(), nullptr, nullptr, y.data(), rows, k, 0, n, n);
  return y[0] == y[0] ? 0 : 1;
}
