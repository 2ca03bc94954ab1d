// Weights from the formats of files to the layouts of weights.cuh, once, at load.
#include "dequant.cuh"
#include "weights.cuh"

struct RepackArgs {
  const u8* source;  // whole rows in file format
  void* target;
  u16* scales;
  u16* minima;
  int format;
  int rows;      // rows in source
  int firstRow;  // where they go
  int inputs;
  int steps;
  u64 rowBytes;
};

struct Place {
  size_t step;
  int lane, half, chunk, g;
};

__device__ __forceinline__ Place place(const RepackArgs& a, int row, int group) {
  const int n = a.firstRow + row;
  Place p;
  p.step = (size_t)(n / 16) * a.steps + group / 8;
  p.g = n % 8;
  p.half = n % 16 / 8;
  p.chunk = group / 4 % 2;
  p.lane = p.g * 4 + group % 4;
  return p;
}

// Thread: 8 inputs of one row; inputs past the end are zero.
KERNEL repack_bf16(const __grid_constant__ RepackArgs a) {
  const int group = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y + blockIdx.z * 65535;
  if (group >= a.steps * 8 || row >= a.rows) return;
  const Place p = place(a, row, group);
  const u8* source = a.source + (size_t)row * a.rowBytes;
  u32 v[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int k = group * 8 + 2 * i;
    v[i] = packBf16(
        k < a.inputs ? dequant(a.format, source, k) : 0.f,
        k + 1 < a.inputs ? dequant(a.format, source, k + 1) : 0.f);
  }
  reinterpret_cast<uint4*>(a.target)[p.step * 128 + (p.chunk * 2 + p.half) * 32 + p.lane] =
      make_uint4(v[0], v[1], v[2], v[3]);
}

KERNEL repack_f16(const __grid_constant__ RepackArgs a) {
  const int group = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y + blockIdx.z * 65535;
  if (group >= a.steps * 8 || row >= a.rows) return;
  const Place p = place(a, row, group);
  const u8* source = a.source + (size_t)row * a.rowBytes;
  u32 v[8];
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const int k = group * 8 + i;
    v[i] = k < a.inputs ? readHalfBits(source + 2 * k) : 0u;
  }
  reinterpret_cast<uint4*>(a.target)[p.step * 128 + (p.chunk * 2 + p.half) * 32 + p.lane] =
      make_uint4(v[0] | v[1] << 16, v[2] | v[3] << 16, v[4] | v[5] << 16, v[6] | v[7] << 16);
}

__device__ __forceinline__ void writeScale(u16* scales, const Place& p, const u8* block) {
  u16 d = block ? readHalfBits(block) : 0;
  scales[(p.step * 8 + p.g) * 4 + p.chunk * 2 + p.half] = d;
}

// The value of element e of a block, an integer, that its scale multiplies.
__device__ __forceinline__ int code(int format, const u8* block, int e) {
  switch (format) {
    case Q8_0:
      return (signed char)block[2 + e];
    case Q5_0:
      return q5(block + 2, block + 6, e) - 16;
    default:  // Q5_1
      return q5(block + 4, block + 8, e);
  }
}

// From Q8_0, or from Q5_0 and Q5_1, whose 5-bit values fit.
KERNEL repack_q8(const __grid_constant__ RepackArgs a) {
  const int group = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y + blockIdx.z * 65535;
  if (group >= a.steps * 8 || row >= a.rows) return;
  const Place p = place(a, row, group);
  const bool inside = group * 8 < a.inputs;
  const int blockBytes = a.format == Q8_0 ? 34 : a.format == Q5_0 ? 22 : 24;
  const u8* block = a.source + (size_t)row * a.rowBytes + (size_t)(group / 4) * blockBytes;
  u8 b[8];
#pragma unroll
  for (int i = 0; i < 8; i++) {
    b[i] = (u8)(128 + (inside ? code(a.format, block, group % 4 * 8 + i) : 0));
  }
  u32 v[2];
#pragma unroll
  for (int m = 0; m < 2; m++) {
    const u8* e = b + 4 * m;
    v[m] = (u32)e[0] | (u32)e[2] << 8 | (u32)e[1] << 16 | (u32)e[3] << 24;
  }
  reinterpret_cast<uint2*>(a.target)[p.step * 128 + (p.chunk * 32 + p.lane) * 2 + p.half] =
      make_uint2(v[0], v[1]);
  if (group % 4 == 0) {
    writeScale(a.scales, p, inside ? block : nullptr);
    if (a.minima) writeScale(a.minima, p, inside ? block + 2 : nullptr);
  }
}

// From Q4_0 or Q4_1.
KERNEL repack_q4(const __grid_constant__ RepackArgs a) {
  const int group = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y + blockIdx.z * 65535;
  if (group >= a.steps * 8 || row >= a.rows) return;
  const Place p = place(a, row, group);
  const bool inside = group * 8 < a.inputs;
  const int blockBytes = a.format == Q4_0 ? 18 : 20;
  const u8* block = a.source + (size_t)row * a.rowBytes + (size_t)(group / 4) * blockBytes;
  const u8* nibbles = block + blockBytes - 16;
  u32 v = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) {
    const int e = group % 4 * 8 + i;
    const u32 n = inside ? (u32)nibble(nibbles, e) : 0u;
    v |= n << (4 * (i / 2) + 16 * (i % 2));
  }
  reinterpret_cast<u32*>(a.target)[p.step * 128 + p.lane * 4 + p.chunk * 2 + p.half] = v;
  if (group % 4 == 0) {
    writeScale(a.scales, p, inside ? block : nullptr);
    if (a.minima) writeScale(a.minima, p, inside ? block + 2 : nullptr);
  }
}

// To plain f32 rows.
KERNEL repack_f32(const __grid_constant__ RepackArgs a) {
  const int k = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y + blockIdx.z * 65535;
  if (k >= a.inputs || row >= a.rows) return;
  static_cast<float*>(a.target)[(size_t)(a.firstRow + row) * a.inputs + k] =
      dequant(a.format, a.source + (size_t)row * a.rowBytes, k);
}
