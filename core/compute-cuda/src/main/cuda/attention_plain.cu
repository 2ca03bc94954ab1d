// Attention in f32 for f32 caches and for head widths that the tensor-core kernels do not cover:
// one warp for each query head of a row.
#include "attention.cuh"

static constexpr int MAX_PARTS = 16;  // head widths up to 512

__device__ __forceinline__ float load(const float* p) { return *p; }
__device__ __forceinline__ float load(const u16* p) { return fromBf16(*p); }

template <typename T>
__device__ __forceinline__ void plain(const AttentionArgs& a) {
  extern __shared__ float query[];  // [warps][headDim]
  startKernel();
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int item = blockIdx.x * (blockDim.x >> 5) + warp;
  const int heads = a.kvHeads * a.groups, D = a.headDim;
  const bool active = item < a.rows * heads;
  const int row = active ? item / heads : 0, head = active ? item % heads : 0;
  float* q = query + warp * D;
  for (int d = lane; d < D; d += 32) q[d] = a.q[(size_t)row * a.qPitch + (size_t)head * D + d];
  __syncwarp();
  if (!active) return;
  const T* pool = static_cast<const T*>(a.pool);
  const int* table = a.tables + (size_t)a.sequences[row] * a.tablePitch;
  const int kvHead = head / a.groups, limit = a.positions[row] + 1;
  const size_t values = (size_t)a.kvHeads * a.blockSize * D;
  float o[MAX_PARTS];
#pragma unroll
  for (int i = 0; i < MAX_PARTS; i++) o[i] = 0.f;
  float maximum = negativeInfinity(), sum = 0.f;
  for (int first = 0; first < limit; first += 32) {
    const int token = first + lane;
    const size_t mine = tokenOffset(a, table, min(token, limit - 1), kvHead, D);
    float s = 0.f;
    for (int d = 0; d < D; d++) s = __fmaf_rn(q[d], load(pool + mine + d), s);
    s = token < limit ? s * a.scale : negativeInfinity();
    const float next = fmaxf(maximum, warpMax(s));
    const float before = expf(maximum - next), p = expf(s - next);
    sum = sum * before + warpSum(p);
    maximum = next;
#pragma unroll
    for (int i = 0; i < MAX_PARTS; i++) o[i] *= before;
    for (int t = 0; t < min(32, limit - first); t++) {
      const float weight = __shfl_sync(FULL, p, t);
      const size_t at = __shfl_sync(FULL, (u64)mine, t) + values;
#pragma unroll
      for (int i = 0; i < MAX_PARTS; i++) {
        const int d = lane + 32 * i;
        if (d < D) o[i] = __fmaf_rn(weight, load(pool + at + d), o[i]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < MAX_PARTS; i++) {
    const int d = lane + 32 * i;
    if (d < D) a.out[(size_t)row * a.outPitch + (size_t)head * D + d] = o[i] / sum;
  }
}

KERNEL __launch_bounds__(128) attention_plain_f32(const __grid_constant__ AttentionArgs a) { plain<float>(a); }
KERNEL __launch_bounds__(128) attention_plain_bf16(const __grid_constant__ AttentionArgs a) { plain<u16>(a); }
