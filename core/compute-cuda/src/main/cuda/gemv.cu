// Products with at most 32 rows: each warp streams weights through a ring of its own.
#include "weights.cuh"

// Rows of activations that a block keeps in shared memory lie 64 bytes off a multiple of 128 apart,
// so that the lanes of a warp meet no bank twice.
__device__ __forceinline__ int stagedPitch(int steps) { return steps * 128 + 64; }

// f32 rows to bf16 in shared memory; needs no alignment of x and no padding.
__device__ __forceinline__ void stageRows(const MatmulArgs& a, u32 target) {
  const float* x = static_cast<const float*>(a.x);
  for (int row = 0; row < a.rows; row++) {
    for (int k = threadIdx.x * 2; k < a.steps * 64; k += blockDim.x * 2) {
      const float* p = x + (size_t)row * a.xPitch + k;
      const u32 v = packBf16(k < a.inputs ? p[0] : 0.f, k + 1 < a.inputs ? p[1] : 0.f);
      asm volatile("st.shared.u32 [%0], %1;" ::"r"(target + row * stagedPitch(a.steps) + k * 2), "r"(v) : "memory");
    }
  }
  __syncthreads();
}

// Block: MT tiles of 16 outputs by NB tiles of 8 rows. Warp: a run of segments. Shared memory: sums
// [segments][NB][MT][lane 32] float4, then for each warp a ring of stages, in which every lane
// reads nothing but what it copied itself, then staged rows. STAGED: x is f32, else padded bf16.
template <int KIND, bool STAGED, int MT, int NB>
__device__ __forceinline__ void gemv(const MatmulArgs& a) {
  using L = Layout<KIND>;
  constexpr int SETS = (L::SCALED ? 1 : 0) + (L::MINIMA ? 1 : 0);
  constexpr int TILE = L::STEP + SETS * 256;
  constexpr int STAGES = (MT == 1 ? 8192 : 6144) / TILE;
  extern __shared__ float4 parts[];
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  const int g = lane >> 2, q = lane & 3;
  const int segments = (a.steps + a.segmentSteps - 1) / a.segmentSteps;
  const int perWarp = (segments + warps - 1) / warps;
  const int begin = min(warp * perWarp * a.segmentSteps, a.steps);
  const int end = min(begin + perWarp * a.segmentSteps, a.steps);
  const int tiles = (a.outputs + 15) / 16;
  const u32 ring = sharedAddress(parts) + segments * NB * MT * 512 + warp * STAGES * MT * TILE;

  const u8 *weight[MT], *scales[MT], *minima[MT];
#pragma unroll
  for (int t = 0; t < MT; t++) {
    const size_t at = (size_t)min((int)blockIdx.x * MT + t, tiles - 1) * a.steps + begin;
    weight[t] = a.weight + at * L::STEP + lane * 16;
    scales[t] = a.scales + at * SCALE_STEP + g * 8;
    minima[t] = a.minima + at * SCALE_STEP + g * 8;
  }
  // The next step, in ascending order, to a stage.
  auto fetch = [&](int stage) {
#pragma unroll
    for (int t = 0; t < MT; t++) {
      const u32 to = ring + (stage * MT + t) * TILE + lane * 16;
#pragma unroll
      for (int i = 0; i < L::LOADS; i++) copyAsync16(to + i * 512, weight[t] + i * 512);
      weight[t] += L::STEP;
      if constexpr (L::SCALED) {
        copyAsync8(to + L::STEP - lane * 8, scales[t]);
        scales[t] += SCALE_STEP;
      }
      if constexpr (L::MINIMA) {
        copyAsync8(to + L::STEP + 256 - lane * 8, minima[t]);
        minima[t] += SCALE_STEP;
      }
    }
  };

  releaseNext();
#pragma unroll
  for (int d = 0; d < STAGES; d++) {
    if (begin + d < end) fetch(d);
    commitAsync();
  }
  awaitPrevious();

  float sum[NB][MT][4];
#pragma unroll
  for (int n = 0; n < NB; n++) {
#pragma unroll
    for (int t = 0; t < MT; t++) sum[n][t][0] = sum[n][t][1] = sum[n][t][2] = sum[n][t][3] = 0.f;
  }
  const u32 staged = sharedAddress(parts) + segments * NB * MT * 512 + warps * STAGES * MT * TILE;
  const u32 mine = staged + min(g, a.rows - 1) * stagedPitch(a.steps) + q * 16;
  const u16* x[NB];
#pragma unroll
  for (int n = 0; n < NB; n++) {
    x[n] = static_cast<const u16*>(a.x) + (size_t)min(n * 8 + g, a.rows - 1) * a.xPitch + q * 8;
  }
  // Rows past the end take the last one's values; their results go nowhere.
  auto load = [&](uint4 (&b)[2][NB], int step) {
#pragma unroll
    for (int c = 0; c < 2; c++) {
#pragma unroll
      for (int n = 0; n < NB; n++) {
        if constexpr (STAGED) {
          b[c][n] = loadShared(mine + step * 128 + c * 64);
        } else {
          b[c][n] = *reinterpret_cast<const uint4*>(x[n] + step * 64 + c * 32);
        }
      }
    }
  };
  if constexpr (STAGED) stageRows(a, staged);
  uint4 next[2][NB];
  if (begin < end) load(next, begin);
  int stage = 0, inSegment = 0, segment = warp * perWarp;
  for (int step = begin; step < end; step++) {
    uint4 b[2][NB];
#pragma unroll
    for (int c = 0; c < 2; c++) {
#pragma unroll
      for (int n = 0; n < NB; n++) b[c][n] = next[c][n];
    }
    if (step + 1 < end) load(next, step + 1);
    waitAsync<STAGES - 1>();
    Operand o[MT];
    u32 scale[2][MT], minimum[2][MT];
#pragma unroll
    for (int t = 0; t < MT; t++) {
      const u32 from = ring + (stage * MT + t) * TILE;
      uint4 raw[L::LOADS];
#pragma unroll
      for (int i = 0; i < L::LOADS; i++) raw[i] = loadShared(from + i * 512 + lane * 16);
      if constexpr (L::SCALED) {
        const uint2 s = loadShared8(from + L::STEP + lane * 8);
        scale[0][t] = s.x, scale[1][t] = s.y;
      }
      if constexpr (L::MINIMA) {
        const uint2 m = loadShared8(from + L::STEP + 256 + lane * 8);
        minimum[0][t] = m.x, minimum[1][t] = m.y;
      }
      unpack<KIND>(raw, o[t]);
    }
    if (step + STAGES < end) fetch(stage);
    commitAsync();
    stage = stage + 1 == STAGES ? 0 : stage + 1;
#pragma unroll
    for (int c = 0; c < 2; c++) {
#pragma unroll
      for (int n = 0; n < NB; n++) {
        float ones[4];
        if constexpr (L::MINIMA) sumChunk(ones, b[c][n]);
        multiply<KIND, MT>(sum[n], o, c, b[c][n], scale[c], minimum[c], ones);
      }
    }
    if (++inSegment == a.segmentSteps || step + 1 == end) {
#pragma unroll
      for (int n = 0; n < NB; n++) {
#pragma unroll
        for (int t = 0; t < MT; t++) {
          float(&v)[4] = sum[n][t];
          parts[((segment * NB + n) * MT + t) * 32 + lane] = make_float4(v[0], v[1], v[2], v[3]);
          v[0] = v[1] = v[2] = v[3] = 0.f;
        }
      }
      inSegment = 0;
      segment++;
    }
  }
  __syncthreads();
  // Each thread adds results over the segments; neighbouring threads write neighbouring outputs.
  for (int i = threadIdx.x; i < MT * 16 * NB * 8; i += blockDim.x) {
    const int row = i / (MT * 16), tile = i / 16 % MT, output = i % 16;
    const int owner = (output & 7) * 4 + ((row & 7) >> 1);
    const int element = (row & 1) + (output >= 8 ? 2 : 0);
    const float* p =
        reinterpret_cast<const float*>(parts) + (((row >> 3) * MT + tile) * 32 + owner) * 4 + element;
    const int n = (blockIdx.x * MT + tile) * 16 + output;
    if (row < a.rows && n < a.outputs) {
      float total = p[0];
      for (int s = 1; s < segments; s++) total = __fadd_rn(total, p[(size_t)s * NB * MT * 128]);
      if (a.bias) total = __fadd_rn(total, a.bias[n]);
      float* o = a.out + (size_t)row * a.outPitch + n;
      *o = a.add ? __fadd_rn(*o, total) : total;
    }
  }
}

// Up to 8 rows, from f32 activations that fit shared memory or from packed ones; up to 16 and 32.
#define GEMV(NAME, KIND)                                                                      \
  KERNEL __launch_bounds__(256) NAME(const __grid_constant__ MatmulArgs a) {                  \
    gemv<KIND, true, 1, 1>(a);                                                             \
  }                                                                                           \
  KERNEL __launch_bounds__(256) NAME##_packed(const __grid_constant__ MatmulArgs a) {         \
    gemv<KIND, false, 1, 1>(a);                                                            \
  }                                                                                           \
  KERNEL __launch_bounds__(256) NAME##_16(const __grid_constant__ MatmulArgs a) {             \
    gemv<KIND, false, 2, 2>(a);                                                            \
  }                                                                                           \
  KERNEL __launch_bounds__(256) NAME##_32(const __grid_constant__ MatmulArgs a) {             \
    gemv<KIND, false, 2, 4>(a);                                                            \
  }

GEMV(gemv_bf16, BF16)
GEMV(gemv_f16, F16)
GEMV(gemv_q8, Q8)
GEMV(gemv_q8m, Q8M)
GEMV(gemv_q4s, Q4S)
GEMV(gemv_q4m, Q4M)
