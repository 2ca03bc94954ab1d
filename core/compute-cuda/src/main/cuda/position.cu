// Rotary embedding and the KV cache.
#include "common.cuh"

struct RopeArgs {
  float* x;
  const float* table;    // [position][pairs] of (cosine, sine)
  const int* positions;  // [rows]
  int rows;
  int heads;
  int headDim;
  int pairs;
  int pitch;
  int adjacent;
};

KERNEL rope(const __grid_constant__ RopeArgs a) {
  startKernel();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.heads * a.pairs) return;
  const int head = i / a.pairs, pair = i % a.pairs;
  const int first = a.adjacent ? 2 * pair : pair, second = a.adjacent ? first + 1 : pair + a.pairs;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    float* x = a.x + (size_t)row * a.pitch + (size_t)head * a.headDim;
    const float2 cs = reinterpret_cast<const float2*>(a.table)[(size_t)a.positions[row] * a.pairs + pair];
    const float u = x[first], v = x[second];
    x[first] = __fmaf_rn(u, cs.x, -__fmul_rn(v, cs.y));
    x[second] = __fmaf_rn(u, cs.y, __fmul_rn(v, cs.x));
  }
}

struct WriteKvArgs {
  const float* k;
  const float* v;
  void* pool;
  const int* positions;
  const int* sequences;  // [rows]
  const int* tables;     // [sequences][tablePitch]
  u64 blockElements;
  int rows;
  int kvHeads;
  int headDim;
  int kPitch;
  int vPitch;
  int tablePitch;
  int blockSize;
  int layer;
  int bf16;
};

// A block of the pool holds [layer][k|v][kvHead][token][headDim].
KERNEL write_kv(const __grid_constant__ WriteKvArgs a) {
  startKernel();
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= a.kvHeads * a.headDim) return;
  const int head = i / a.headDim, d = i % a.headDim;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const int position = a.positions[row];
    const int block = a.tables[(size_t)a.sequences[row] * a.tablePitch + position / a.blockSize];
    const size_t plane = (size_t)a.blockSize * a.headDim;
    const size_t at = (size_t)block * a.blockElements + ((size_t)a.layer * 2 * a.kvHeads + head) * plane +
                      (size_t)(position % a.blockSize) * a.headDim + d;
    const float k = a.k[(size_t)row * a.kPitch + i], v = a.v[(size_t)row * a.vPitch + i];
    if (a.bf16) {
      static_cast<u16*>(a.pool)[at] = toBf16(k);
      static_cast<u16*>(a.pool)[at + plane * a.kvHeads] = toBf16(v);
    } else {
      static_cast<float*>(a.pool)[at] = k;
      static_cast<float*>(a.pool)[at + plane * a.kvHeads] = v;
    }
  }
}
