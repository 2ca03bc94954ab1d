// Products with many rows: tiles of weights and activations pass through shared memory.
#include "weights.cuh"

// WM x WN: tiles of 16 outputs and of 8 rows a warp works on; MW x NW: warps of a block.
template <int KIND, int WM, int WN, int MW, int NW, int STAGES>
__device__ __forceinline__ void gemm(const MatmulArgs& a) {
  using L = Layout<KIND>;
  constexpr int THREADS = MW * NW * 32;
  constexpr int TILES = WM * MW;     // of 16 outputs
  constexpr int ROWS = WN * NW * 8;  // rows of a block
  constexpr int W_BYTES = TILES * L::STEP;
  constexpr int X_BYTES = ROWS * 128;  // [chunk 2][row][32 bf16]
  constexpr int S_BYTES = L::SCALED ? TILES * SCALE_STEP : 0;
  constexpr int M_BYTES = L::MINIMA ? TILES * SCALE_STEP : 0;
  constexpr int STAGE = W_BYTES + X_BYTES + S_BYTES + M_BYTES;
  extern __shared__ uint4 memory[];

  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  const int g = lane >> 2, q = lane & 3;
  const int wm = warp % MW, wn = warp / MW;
  const int rowBase = blockIdx.x * ROWS;
  const int tileBase = blockIdx.y * TILES;
  const int tiles = (a.outputs + 15) / 16;
  const int segments = (a.steps + a.segmentSteps - 1) / a.segmentSteps;
  const int firstSegment = blockIdx.z * a.segmentsPerBlock;
  const int lastSegment = min(firstSegment + a.segmentsPerBlock, segments);
  if (firstSegment >= lastSegment) return;
  const int begin = firstSegment * a.segmentSteps;
  const int end = min(lastSegment * a.segmentSteps, a.steps);
  const u32 base = sharedAddress(memory);
  const u16* x = static_cast<const u16*>(a.x);

  auto fetch = [&](int step) {
    const u32 stage = base + ((step - begin) % STAGES) * STAGE;
    constexpr int PER_STEP = L::STEP / 16;
#pragma unroll
    for (int i = threadIdx.x; i < TILES * PER_STEP; i += THREADS) {
      const int tile = i / PER_STEP, part = i % PER_STEP;
      const bool valid = tileBase + tile < tiles;
      const size_t at = ((size_t)(valid ? tileBase + tile : 0) * a.steps + step) * L::STEP + part * 16;
      copyAsync(stage + i * 16, a.weight + at, valid);
    }
#pragma unroll
    for (int i = threadIdx.x; i < ROWS * 8; i += THREADS) {
      const int row = i >> 3, part = i & 7;
      const bool valid = rowBase + row < a.rows;
      const size_t at = (size_t)(valid ? rowBase + row : 0) * a.xPitch + step * 64 + part * 8;
      copyAsync(stage + W_BYTES + (part >> 2) * (ROWS * 64) + row * 64 + (part & 3) * 16, x + at, valid);
    }
    if constexpr (L::SCALED) {
      for (int i = threadIdx.x; i < TILES * 4; i += THREADS) {
        const int tile = i >> 2;
        const bool valid = tileBase + tile < tiles;
        const size_t at =
            ((size_t)(valid ? tileBase + tile : 0) * a.steps + step) * SCALE_STEP + (i & 3) * 16;
        copyAsync(stage + W_BYTES + X_BYTES + i * 16, a.scales + at, valid);
        if constexpr (L::MINIMA) {
          copyAsync(stage + W_BYTES + X_BYTES + S_BYTES + i * 16, a.minima + at, valid);
        }
      }
    }
  };

  float sum[WN][WM][4], total[WN][WM][4];
#pragma unroll
  for (int i = 0; i < WM; i++) {
#pragma unroll
    for (int j = 0; j < WN; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) sum[j][i][e] = 0.f;
    }
  }

#pragma unroll
  for (int s = 0; s < STAGES - 1; s++) {
    if (begin + s < end) fetch(begin + s);
    commitAsync();
  }
  int inSegment = 0, segment = firstSegment;
  for (int step = begin; step < end; step++) {
    waitAsync<STAGES - 2>();
    __syncthreads();
    if (step + STAGES - 1 < end) fetch(step + STAGES - 1);
    commitAsync();

    const u32 stage = base + ((step - begin) % STAGES) * STAGE;
    Operand o[WM];
    u32 scale[2][WM], minimum[2][WM];
#pragma unroll
    for (int i = 0; i < WM; i++) {
      const int tile = wm * WM + i;
      uint4 raw[L::LOADS];
#pragma unroll
      for (int r = 0; r < L::LOADS; r++) {
        raw[r] = loadShared(stage + tile * L::STEP + r * 512 + lane * 16);
      }
      unpack<KIND>(raw, o[i]);
      if constexpr (L::SCALED) {
        const uint2 s = loadShared8(stage + W_BYTES + X_BYTES + tile * SCALE_STEP + g * 8);
        scale[0][i] = s.x, scale[1][i] = s.y;
      }
      if constexpr (L::MINIMA) {
        const uint2 m = loadShared8(stage + W_BYTES + X_BYTES + S_BYTES + tile * SCALE_STEP + g * 8);
        minimum[0][i] = m.x, minimum[1][i] = m.y;
      }
    }
#pragma unroll
    for (int c = 0; c < 2; c++) {
#pragma unroll
      for (int j = 0; j < WN; j++) {
        const uint4 b = loadShared(stage + W_BYTES + c * (ROWS * 64) + (wn * WN + j) * 512 + lane * 16);
        float ones[4];
        if constexpr (L::MINIMA) sumChunk(ones, b);
        multiply<KIND, WM>(sum[j], o, c, b, scale[c], minimum[c], ones);
      }
    }

    if (++inSegment == a.segmentSteps || step + 1 == end) {
      inSegment = 0;
#pragma unroll
      for (int i = 0; i < WM; i++) {
#pragma unroll
        for (int j = 0; j < WN; j++) {
#pragma unroll
          for (int e = 0; e < 4; e++) {
            if (a.partial) {
              const int n = (tileBase + wm * WM + i) * 16 + g + (e >> 1) * 8;
              const int row = rowBase + (wn * WN + j) * 8 + q * 2 + (e & 1);
              if (n < a.outputs && row < a.rows) {
                a.partial[((size_t)segment * a.rows + row) * a.outputs + n] = sum[j][i][e];
              }
            } else {
              total[j][i][e] =
                  segment == firstSegment ? sum[j][i][e] : __fadd_rn(total[j][i][e], sum[j][i][e]);
            }
            sum[j][i][e] = 0.f;
          }
        }
      }
      segment++;
    }
  }
  if (a.partial) return;
#pragma unroll
  for (int i = 0; i < WM; i++) {
#pragma unroll
    for (int j = 0; j < WN; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const int n = (tileBase + wm * WM + i) * 16 + g + (e >> 1) * 8;
        const int row = rowBase + (wn * WN + j) * 8 + q * 2 + (e & 1);
        if (n < a.outputs && row < a.rows) {
          float t = total[j][i][e];
          if (a.bias) t = __fadd_rn(t, a.bias[n]);
          float* p = a.out + (size_t)row * a.outPitch + n;
          *p = a.add ? __fadd_rn(*p, t) : t;
        }
      }
    }
  }
}

// 128 outputs by 128 rows, for prompts; 64 outputs by 32 rows, for batches of decode rows.
#define GEMM(NAME, KIND)                                                                       \
  KERNEL __launch_bounds__(256, 1) NAME##_large(const __grid_constant__ MatmulArgs a) {        \
    gemm<KIND, 2, 8, 4, 2, 4>(a);                                                              \
  }                                                                                            \
  KERNEL __launch_bounds__(128) NAME##_medium(const __grid_constant__ MatmulArgs a) {          \
    gemm<KIND, 1, 4, 4, 1, 4>(a);                                                              \
  }

GEMM(gemm_bf16, BF16)
GEMM(gemm_f16, F16)
GEMM(gemm_q8, Q8)
GEMM(gemm_q8m, Q8M)
GEMM(gemm_q4s, Q4S)
GEMM(gemm_q4m, Q4M)
