// What the attention kernels share: paged addressing and the steps on one tile of 64 tokens.
//
// The result of a row is defined tile by tile: scores, maximum, sum and weighted values of each tile
// of 64 positions on their own, then the tiles joined in ascending order. Whether one block walks
// over all tiles (prompts) or each tile has its own block (decode) changes no bit.
#pragma once
#include "common.cuh"

struct AttentionArgs {
  const float* q;
  float* out;
  const void* pool;
  const int* tables;     // [sequences][tablePitch]
  const int* rowStart;   // [sequences + 1]
  const int* context;    // [sequences]
  const int* order;      // sequences; those of this launch from the front
  const int* sequences;  // [rows]
  const int* positions;  // [rows]
  float* partial;        // decode: [kvHead][tile][partialRows][headDim]
  float2* stats;         // decode: [kvHead][tile][partialRows] of (maximum, sum)
  u64 blockElements;
  int rows;   // plain: rows of the batch
  int tiles;  // decode: tiles of the grid
  int qPitch;
  int outPitch;
  int tablePitch;
  int blockSize;
  int blockShift;  // log2 of blockSize, or -1
  int layer;
  int kvHeads;
  int groups;  // query heads per KV head
  int headDim;
  int slots;        // decode: query rows that a sequence has at most
  int partialRows;  // decode: sequences of this launch * slots
  float scale;      // on the scores; for exponents of base 2 where the kernel uses those
};

static constexpr int TILE = 64;

__device__ __forceinline__ size_t tokenOffset(const AttentionArgs& a, const int* table, int token, int head, int D) {
  int block, inside;
  if (a.blockShift >= 0) {
    block = token >> a.blockShift;
    inside = token & (a.blockSize - 1);
  } else {
    block = token / a.blockSize;
    inside = token % a.blockSize;
  }
  return (size_t)table[block] * a.blockElements +
         (((size_t)a.layer * 2 * a.kvHeads + head) * a.blockSize + inside) * D;
}

template <int D>
struct Tile {
  static constexpr int K_PITCH = D * 2 + 64;  // bytes; eight rows of a chunk meet no bank twice
  static constexpr int V_PITCH = D * 2 + 16;
  static constexpr int K_BYTES = TILE * K_PITCH;
  static constexpr int BYTES = K_BYTES + TILE * V_PITCH;
};

// K and V of positions [first, first + 64) to shared memory, zeros from `limit` on.
template <int D, int THREADS>
__device__ __forceinline__ void fetchTile(
    const AttentionArgs& a, u32 shared, const int* table, int head, int first, int limit) {
  constexpr int PARTS = D / 8;  // of 16 bytes
  const u16* pool = static_cast<const u16*>(a.pool);
  const size_t values = (size_t)a.kvHeads * a.blockSize * D;
#pragma unroll 4
  for (int i = threadIdx.x; i < TILE * PARTS; i += THREADS) {
    const int token = i / PARTS, part = i % PARTS;
    const bool valid = first + token < limit;
    const size_t at = tokenOffset(a, table, valid ? first + token : first, head, D) + part * 8;
    copyAsync(shared + token * Tile<D>::K_PITCH + part * 16, pool + at, valid);
    copyAsync(shared + Tile<D>::K_BYTES + token * Tile<D>::V_PITCH + part * 16, pool + at + values, valid);
  }
}

// 16 query rows of a warp as operands: row i is query head i % groups of token i / groups.
template <int D>
struct Query {
  u32 a[D / 32][2][4];
  int limit[2];  // positions [0, limit) are visible to rows g and g + 8; 0 for rows past the end
};

template <int D>
__device__ __forceinline__ void loadQuery(
    const AttentionArgs& a, Query<D>& query, int sequence, int head, int firstRow) {
  const int lane = threadIdx.x & 31, g = lane >> 2, q = lane & 3;
  const int start = a.rowStart[sequence];
  const int rows = (a.rowStart[sequence + 1] - start) * a.groups;
#pragma unroll
  for (int h = 0; h < 2; h++) {
    const int i = firstRow + g + 8 * h;
    const bool valid = i < rows;
    const int token = valid ? i / a.groups : 0, group = valid ? i % a.groups : 0;
    query.limit[h] = valid ? a.context[sequence] + token + 1 : 0;
    const float* p = a.q + (size_t)(start + token) * a.qPitch + (size_t)(head * a.groups + group) * D;
#pragma unroll
    for (int c = 0; c < D / 32; c++) {
      float v[8];
#pragma unroll
      for (int e = 0; e < 8; e++) v[e] = valid ? p[c * 32 + q * 8 + e] : 0.f;
#pragma unroll
      for (int m = 0; m < 2; m++) {
        query.a[c][m][h] = packBf16(v[4 * m], v[4 * m + 1]);
        query.a[c][m][2 + h] = packBf16(v[4 * m + 2], v[4 * m + 3]);
      }
    }
  }
}

// One tile: o, maximum and sum of rows g (index 0) and g + 8 (1).
template <int D>
struct Result {
  float o[D / 8][4];
  float maximum[2], sum[2];
};

template <int D>
__device__ __forceinline__ void attendTile(
    const Query<D>& query, Result<D>& r, u32 shared, int first, float scale) {
  const int lane = threadIdx.x & 31, g = lane >> 2, q = lane & 3;
  float s[TILE / 8][4];
#pragma unroll
  for (int n = 0; n < TILE / 8; n++) {
    s[n][0] = s[n][1] = s[n][2] = s[n][3] = 0.f;
#pragma unroll
    for (int c = 0; c < D / 32; c++) {
      const uint4 k = loadShared(shared + (n * 8 + g) * Tile<D>::K_PITCH + c * 64 + q * 16);
      mma(s[n], query.a[c][0], k.x, k.y);
      mma(s[n], query.a[c][1], k.z, k.w);
    }
  }
#pragma unroll
  for (int h = 0; h < 2; h++) {
    float maximum = negativeInfinity();
#pragma unroll
    for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float& x = s[n][2 * h + e];
        x = first + n * 8 + q * 2 + e < query.limit[h] ? __fmul_rn(x, scale) : negativeInfinity();
        maximum = fmaxf(maximum, x);
      }
    }
    maximum = fmaxf(maximum, __shfl_xor_sync(FULL, maximum, 1));
    maximum = fmaxf(maximum, __shfl_xor_sync(FULL, maximum, 2));
    const float base = maximum == negativeInfinity() ? 0.f : maximum;
    float sum = 0.f;
#pragma unroll
    for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float& x = s[n][2 * h + e];
        x = exp2Fast(__fsub_rn(x, base));
        sum = __fadd_rn(sum, x);
      }
    }
    sum = __fadd_rn(sum, __shfl_xor_sync(FULL, sum, 1));
    sum = __fadd_rn(sum, __shfl_xor_sync(FULL, sum, 2));
    r.maximum[h] = maximum;
    r.sum[h] = sum;
  }
#pragma unroll
  for (int d = 0; d < D / 8; d++) r.o[d][0] = r.o[d][1] = r.o[d][2] = r.o[d][3] = 0.f;
  const u32 values = shared + Tile<D>::K_BYTES;
#pragma unroll
  for (int j = 0; j < TILE / 16; j++) {
    const u32 p[4] = {
        packBf16(s[2 * j][0], s[2 * j][1]), packBf16(s[2 * j][2], s[2 * j][3]),
        packBf16(s[2 * j + 1][0], s[2 * j + 1][1]), packBf16(s[2 * j + 1][2], s[2 * j + 1][3])};
#pragma unroll
    for (int d = 0; d < D / 8; d += 2) {
      u32 v[4];
      const u32 address = values + (j * 16 + (lane & 15)) * Tile<D>::V_PITCH + (d + (lane >> 4)) * 16;
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3])
                   : "r"(address));
      mma(r.o[d], p, v[0], v[1]);
      mma(r.o[d + 1], p, v[2], v[3]);
    }
  }
}

// Factors with which the sum so far and the next tile enter the joined sum.
struct Join {
  float before, next, maximum, sum;
};

__device__ __forceinline__ Join join(float maximum, float sum, float nextMaximum, float nextSum) {
  Join j;
  j.maximum = fmaxf(maximum, nextMaximum);
  const float base = j.maximum == negativeInfinity() ? 0.f : j.maximum;
  j.before = exp2Fast(__fsub_rn(maximum, base));
  j.next = exp2Fast(__fsub_rn(nextMaximum, base));
  j.sum = __fmaf_rn(sum, j.before, __fmul_rn(nextSum, j.next));
  return j;
}

__device__ __forceinline__ float joinValue(const Join& j, float before, float next) {
  return __fmaf_rn(before, j.before, __fmul_rn(next, j.next));
}
