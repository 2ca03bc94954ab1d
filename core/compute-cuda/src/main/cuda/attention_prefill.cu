// Attention of many new rows over a bf16 cache: 64 query rows of a KV head walk over all tiles.
#include "attention.cuh"

template <int D>
__device__ __forceinline__ void prefill(const AttentionArgs& a) {
  extern __shared__ uint4 memory[];
  startKernel();
  const int sequence = a.order[blockIdx.z], head = blockIdx.y;
  const int rows = (a.rowStart[sequence + 1] - a.rowStart[sequence]) * a.groups;
  // Long rows first: they take longest.
  const int firstRow = ((int)gridDim.x - 1 - (int)blockIdx.x) * 64;
  if (firstRow >= rows) return;
  const int lastToken = (min(firstRow + 64, rows) - 1) / a.groups;
  const int limit = a.context[sequence] + lastToken + 1;
  const int tiles = (limit + TILE - 1) / TILE;
  const int* table = a.tables + (size_t)sequence * a.tablePitch;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, g = lane >> 2, q = lane & 3;
  const u32 shared = sharedAddress(memory);

  fetchTile<D, 128>(a, shared, table, head, 0, limit);
  commitAsync();
  Query<D> query;
  loadQuery<D>(a, query, sequence, head, firstRow + warp * 16);
  float o[D / 8][4];
#pragma unroll
  for (int d = 0; d < D / 8; d++) o[d][0] = o[d][1] = o[d][2] = o[d][3] = 0.f;
  float maximum[2] = {negativeInfinity(), negativeInfinity()}, sum[2] = {0.f, 0.f};
  for (int t = 0; t < tiles; t++) {
    if (t + 1 < tiles) {
      fetchTile<D, 128>(a, shared + ((t + 1) & 1) * Tile<D>::BYTES, table, head, (t + 1) * TILE, limit);
    }
    commitAsync();
    waitAsync<1>();
    __syncthreads();
    Result<D> r;
    attendTile<D>(query, r, shared + (t & 1) * Tile<D>::BYTES, t * TILE, a.scale);
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const Join j = join(maximum[h], sum[h], r.maximum[h], r.sum[h]);
      maximum[h] = j.maximum;
      sum[h] = j.sum;
#pragma unroll
      for (int d = 0; d < D / 8; d++) {
        o[d][2 * h] = joinValue(j, o[d][2 * h], r.o[d][2 * h]);
        o[d][2 * h + 1] = joinValue(j, o[d][2 * h + 1], r.o[d][2 * h + 1]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int h = 0; h < 2; h++) {
    const int i = firstRow + warp * 16 + g + 8 * h;
    if (i < rows) {
      float* p = a.out + (size_t)(a.rowStart[sequence] + i / a.groups) * a.outPitch +
                 (size_t)(head * a.groups + i % a.groups) * D + q * 2;
#pragma unroll
      for (int d = 0; d < D / 8; d++) {
        p[d * 8] = __fdiv_rn(o[d][2 * h], sum[h]);
        p[d * 8 + 1] = __fdiv_rn(o[d][2 * h + 1], sum[h]);
      }
    }
  }
}

KERNEL __launch_bounds__(128) attention_prefill_64(const __grid_constant__ AttentionArgs a) { prefill<64>(a); }
KERNEL __launch_bounds__(128) attention_prefill_128(const __grid_constant__ AttentionArgs a) { prefill<128>(a); }
