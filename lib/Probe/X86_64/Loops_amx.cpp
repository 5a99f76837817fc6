//===- Loops_amx.cpp - probe loop, AMX int8 ---------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0

#include "../Loops.h"

#include <immintrin.h>

uint32_t ignis::probe::dotAMX(int64_t count) {
  struct alignas(64) Config {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t bytesPerRow[16] = {};
    uint8_t rows[16] = {};
  } config;
  for (int tile = 0; tile < 8; ++tile) {
    config.bytesPerRow[tile] = 64;
    config.rows[tile] = 16;
  }
  alignas(64) static const uint8_t data[1024] = {1, 2, 3};
  alignas(64) uint32_t result[256];
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, data, 64);
  _tile_loadd(5, data, 64);
  _tile_loadd(6, data, 64);
  _tile_loadd(7, data, 64);
  for (int64_t i = 0; i < count; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      _tile_dpbusd(0, 4, 6);
      _tile_dpbusd(1, 4, 7);
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
  _tile_stored(0, result, 64);
  _tile_release();
  return result[0];
}
