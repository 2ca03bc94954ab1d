// Attention of few new rows over a bf16 cache: one warp for each tile of 64 positions, then a merge.
#include "attention.cuh"

// Grid: (tiles, KV heads, sequences * ceil(slots / 16)).
template <int D>
__device__ __forceinline__ void decode(const AttentionArgs& a) {
  extern __shared__ uint4 memory[];
  startKernel();
  const int perSequence = (a.slots + 15) / 16;
  const int index = blockIdx.z / perSequence, head = blockIdx.y;
  const int sequence = a.order[index], firstRow = blockIdx.z % perSequence * 16;
  const int rows = (a.rowStart[sequence + 1] - a.rowStart[sequence]) * a.groups;
  if (firstRow >= rows) return;
  const int limit = a.context[sequence] + (min(firstRow + 16, rows) - 1) / a.groups + 1;
  const int first = blockIdx.x * TILE;
  if (first >= limit) return;
  const u32 shared = sharedAddress(memory);
  fetchTile<D, 32>(a, shared, a.tables + (size_t)sequence * a.tablePitch, head, first, limit);
  commitAsync();
  Query<D> query;
  loadQuery<D>(a, query, sequence, head, firstRow);
  waitAsync<0>();
  __syncwarp();
  Result<D> r;
  attendTile<D>(query, r, shared, first, a.scale);
  const int lane = threadIdx.x & 31, g = lane >> 2, q = lane & 3;
#pragma unroll
  for (int h = 0; h < 2; h++) {
    const int i = firstRow + g + 8 * h;
    if (i < rows) {
      const size_t at = ((size_t)head * a.tiles + blockIdx.x) * a.partialRows + (size_t)index * a.slots + i;
      if (q == 0) a.stats[at] = make_float2(r.maximum[h], r.sum[h]);
      float* p = a.partial + at * D + q * 2;
#pragma unroll
      for (int d = 0; d < D / 8; d++) {
        *reinterpret_cast<float2*>(p + d * 8) = make_float2(r.o[d][2 * h], r.o[d][2 * h + 1]);
      }
    }
  }
}

KERNEL __launch_bounds__(32) attention_decode_64(const __grid_constant__ AttentionArgs a) { decode<64>(a); }
KERNEL __launch_bounds__(32) attention_decode_128(const __grid_constant__ AttentionArgs a) { decode<128>(a); }

// Grid: (sequences * slots, KV heads); block: headDim threads. Joins the tiles of a row.
KERNEL attention_merge(const __grid_constant__ AttentionArgs a) {
  startKernel();
  const int sequence = a.order[blockIdx.x / a.slots], head = blockIdx.y;
  const int i = blockIdx.x % a.slots;
  const int start = a.rowStart[sequence];
  if (i >= (a.rowStart[sequence + 1] - start) * a.groups) return;
  const int limit = a.context[sequence] + i / a.groups + 1;
  const int tiles = (limit + TILE - 1) / TILE;
  const int d = threadIdx.x, D = blockDim.x;
  float o = 0.f, maximum = negativeInfinity(), sum = 0.f;
#pragma unroll 4
  for (int t = 0; t < tiles; t++) {
    const size_t at = ((size_t)head * a.tiles + t) * a.partialRows + blockIdx.x;
    const float2 next = a.stats[at];
    const Join j = join(maximum, sum, next.x, next.y);
    o = joinValue(j, o, a.partial[at * D + d]);
    maximum = j.maximum;
    sum = j.sum;
  }
  a.out[(size_t)(start + i / a.groups) * a.outPitch + (size_t)(head * a.groups + i % a.groups) * D + d] =
      __fdiv_rn(o, sum);
}
