// Products with many rows on Hopper: asynchronous copies fill stages of shared memory, two groups of
// four warps multiply from there with wgmma. The sums are those of gemm.cu, bit for bit.
#include "weights.cuh"

static constexpr int ROWS = 128;     // of a block
static constexpr int TILES = 8;      // of 16 outputs, of a block
static constexpr int X_BYTES = ROWS * 128;
static constexpr int STAGES = 6;
static constexpr int BARRIERS = 1024;  // bytes set aside for them

struct PackTilesArgs {
  const float* x;
  u8* out;  // [rows/128][steps] tiles of [row 128][128 bytes]
  int rows;
  int columns;
  int steps;
  int xPitch;
};

// f32 activations to bf16 tiles as wgmma reads them: the 16 inputs that one mma takes are
// neighbours, and the 16-byte parts of a row are permuted by its number (128-byte swizzle).
// Grid: (steps, row tiles); thread: one row and half of its parts.
KERNEL __launch_bounds__(256) pack_tiles(const __grid_constant__ PackTilesArgs a) {
  startKernel();
  const int step = blockIdx.x, tile = blockIdx.y;
  u8* out = a.out + ((size_t)tile * a.steps + step) * X_BYTES;
  // Neighbouring threads read neighbouring inputs of a row: 8 threads take its 8 parts.
#pragma unroll
  for (int r = 0; r < 4; r++) {
    const int row = r * 32 + threadIdx.x / 8, part = threadIdx.x % 8;
    const int from = tile * ROWS + row;
    const int column = step * 64 + part / 4 * 32 + part / 2 % 2 * 4 + part % 2 * 2;
    const float* x = a.x + (size_t)from * a.xPitch;
    u32 v[4];
#pragma unroll
    for (int q = 0; q < 4; q++) {
      const int k = column + q * 8;
      v[q] = packBf16(
          from < a.rows && k < a.columns ? x[k] : 0.f,
          from < a.rows && k + 1 < a.columns ? x[k + 1] : 0.f);
    }
    *reinterpret_cast<uint4*>(out + row * 128 + (part ^ (row & 7)) * 16) =
        make_uint4(v[0], v[1], v[2], v[3]);
  }
}

__device__ __forceinline__ void initBarrier(u32 barrier, int count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}

__device__ __forceinline__ void waitBarrier(u32 barrier, int parity) {
  asm volatile(
      "{\n.reg .pred done;\n"
      "again: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n}"
      ::"r"(barrier), "r"(parity) : "memory");
}

__device__ __forceinline__ void arrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

__device__ __forceinline__ void expect(u32 barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}

__device__ __forceinline__ void copyBulk(u32 shared, const void* global, int bytes, u32 barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];"
      ::"r"(shared), "l"(global), "r"(bytes), "r"(barrier) : "memory");
}

// d[64x128] (+)= a[64x16], in registers, times 128 rows of activations in shared memory.
__device__ __forceinline__ void wgmma(float (&d)[64], const u32 (&a)[4], u64 b, int accumulate) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
      "{%64, %65, %66, %67}, %68, p, 1, 1, 0;\n}"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]),
      "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]),
      "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
      "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]),
      "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]),
      "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]),
      "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]),
      "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));
}

__device__ __forceinline__ void fence(float (&d)[64]) {
#pragma unroll
  for (int i = 0; i < 64; i++) asm volatile("" : "+f"(d[i])::"memory");
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

__device__ __forceinline__ void finish(float (&d)[64]) {
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (int i = 0; i < 64; i++) asm volatile("" : "+f"(d[i])::"memory");
}

// Rows of 128 bytes, 128-byte swizzle, 1024 bytes from one group of 8 rows to the next.
__device__ __forceinline__ u64 descriptor(u32 address) {
  return (u64)((address & 0x3ffff) >> 4) | (u64)1 << 16 | (u64)64 << 32 | (u64)1 << 62;
}

__device__ __forceinline__ float loadSharedFloat(u32 address) {
  float v;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(v) : "r"(address) : "memory");
  return v;
}

__device__ __forceinline__ void storeShared(u32 address, float v) {
  asm volatile("st.shared.f32 [%0], %1;" ::"r"(address), "f"(v) : "memory");
}

template <int KIND>
__device__ __forceinline__ void gemm(const MatmulArgs& a) {
  using L = Layout<KIND>;
  constexpr int W_BYTES = TILES * L::STEP;
  constexpr int S_BYTES = L::SCALED ? TILES * SCALE_STEP : 0;
  constexpr int M_BYTES = L::MINIMA ? TILES * SCALE_STEP : 0;
  constexpr int STAGE = (X_BYTES + W_BYTES + S_BYTES + M_BYTES + 1023) / 1024 * 1024;
  extern __shared__ __align__(1024) u8 memory[];

  const int rowTile = blockIdx.x, tileBase = blockIdx.y * TILES;
  const int tiles = (a.outputs + 15) / 16;
  const int segments = (a.steps + a.segmentSteps - 1) / a.segmentSteps;
  const int firstSegment = blockIdx.z * a.segmentsPerBlock;
  const int lastSegment = min(firstSegment + a.segmentsPerBlock, segments);
  const int begin = firstSegment * a.segmentSteps;
  const int end = min(lastSegment * a.segmentSteps, a.steps);

  const u32 raw = sharedAddress(memory);
  const u32 barriers = (raw + 1023) / 1024 * 1024;
  const u32 stages = barriers + BARRIERS;
  const u32 totals = stages + STAGES * STAGE;  // scaled kinds: [element 64][thread 256] floats
  const int group = threadIdx.x / 128, lane = threadIdx.x & 31, warp = threadIdx.x / 32 % 4;
  auto full = [&](int slot) { return barriers + slot * 16; };
  auto empty = [&](int slot) { return barriers + slot * 16 + 8; };
  if (threadIdx.x == 0) {
    for (int s = 0; s < STAGES; s++) {
      initBarrier(full(s), 1);
      initBarrier(empty(s), 2);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  __syncthreads();
  startKernel();

  if (group == 2) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
    if (warp != 0) return;
    const u8* x = static_cast<const u8*>(a.x) + (size_t)rowTile * a.steps * X_BYTES;
    const int present = min(TILES, tiles - tileBase);
    const int bytes = X_BYTES + present * (L::STEP + (L::SCALED ? SCALE_STEP : 0) + (L::MINIMA ? SCALE_STEP : 0));
    for (int step = begin; step < end; step++) {
      const int turn = step - begin, slot = turn % STAGES;
      waitBarrier(empty(slot), (turn / STAGES & 1) ^ 1);
      const u32 stage = stages + slot * STAGE;
      if (lane == 0) {
        expect(full(slot), bytes);
        copyBulk(stage, x + (size_t)step * X_BYTES, X_BYTES, full(slot));
      }
      __syncwarp();
      if (lane < present) {
        const size_t at = (size_t)(tileBase + lane) * a.steps + step;
        copyBulk(stage + X_BYTES + lane * L::STEP, a.weight + at * L::STEP, L::STEP, full(slot));
        if constexpr (L::SCALED) {
          copyBulk(stage + X_BYTES + W_BYTES + lane * SCALE_STEP, a.scales + at * SCALE_STEP, SCALE_STEP, full(slot));
        }
        if constexpr (L::MINIMA) {
          copyBulk(stage + X_BYTES + W_BYTES + S_BYTES + lane * SCALE_STEP, a.minima + at * SCALE_STEP, SCALE_STEP,
                   full(slot));
        }
      }
    }
    return;
  }

  asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
  const int g = lane >> 2, q = lane & 3;
  const int tile = group * 4 + warp;  // of this warp in the block
  float sum[64], total[L::SCALED ? 1 : 64];  // registers do not suffice for both and products
  auto load = [&](int slot, Operand& o, uint2& scale, uint2& minimum) {
    const u32 stage = stages + slot * STAGE + X_BYTES;
    uint4 packed[L::LOADS];
#pragma unroll
    for (int i = 0; i < L::LOADS; i++) packed[i] = loadShared(stage + tile * L::STEP + i * 512 + lane * 16);
    if constexpr (L::SCALED) scale = loadShared8(stage + W_BYTES + tile * SCALE_STEP + g * 8);
    if constexpr (L::MINIMA) minimum = loadShared8(stage + W_BYTES + S_BYTES + tile * SCALE_STEP + g * 8);
    unpack<KIND>(packed, o);
  };

  Operand o[2];
  uint2 scale[2], minimum[2];
  waitBarrier(full(0), 0);
  load(0, o[0], scale[0], minimum[0]);
#pragma unroll
  for (int i = 0; i < 64; i++) sum[i] = 0.f;
  int inSegment = 0, segment = firstSegment;
  auto body = [&](int step, Operand& now, uint2& nowScale, uint2& nowMinimum, Operand& next, uint2& nextScale,
                  uint2& nextMinimum) {
    const int turn = step - begin, slot = turn % STAGES;
    const u32 x = stages + slot * STAGE;
    auto prefetch = [&]() {
      if (step + 1 < end) {
        const int ahead = (turn + 1) % STAGES;
        waitBarrier(full(ahead), (turn + 1) / STAGES & 1);
        load(ahead, next, nextScale, nextMinimum);
      }
    };
    if constexpr (L::SCALED) {
#pragma unroll
      for (int c = 0; c < 2; c++) {
        float p[64];
        fence(p);
        wgmma(p, now.a[c][0], descriptor(x + c * 64), 0);
        wgmma(p, now.a[c][1], descriptor(x + c * 64 + 32), 1);
        commit();
        if (c == 1) prefetch();
        finish(p);
        const u32 s = c ? nowScale.y : nowScale.x;
        const float s0 = fromHalf((u16)s), s1 = fromHalf((u16)(s >> 16));
#pragma unroll
        for (int i = 0; i < 64; i++) sum[i] = __fmaf_rn(i & 2 ? s1 : s0, p[i], sum[i]);
        if constexpr (L::MINIMA) {
          const u32 ones[4] = {BF16_ONES, BF16_ONES, BF16_ONES, BF16_ONES};
          fence(p);
          wgmma(p, ones, descriptor(x + c * 64), 0);
          wgmma(p, ones, descriptor(x + c * 64 + 32), 1);
          commit();
          finish(p);
          const u32 m = c ? nowMinimum.y : nowMinimum.x;
          const float m0 = fromHalf((u16)m), m1 = fromHalf((u16)(m >> 16));
#pragma unroll
          for (int i = 0; i < 64; i++) sum[i] = __fmaf_rn(i & 2 ? m1 : m0, p[i], sum[i]);
        }
      }
    } else {
      fence(sum);
      wgmma(sum, now.a[0][0], descriptor(x), 1);
      wgmma(sum, now.a[0][1], descriptor(x + 32), 1);
      wgmma(sum, now.a[1][0], descriptor(x + 64), 1);
      wgmma(sum, now.a[1][1], descriptor(x + 96), 1);
      commit();
      prefetch();
      finish(sum);
    }
    if (threadIdx.x % 128 == 0) arrive(empty(slot));
    if (++inSegment == a.segmentSteps || step + 1 == end) {
      inSegment = 0;
      if (a.partial) {
#pragma unroll
        for (int i = 0; i < 64; i++) {
          const int n = (tileBase + tile) * 16 + g + (i >> 1 & 1) * 8;
          const int row = rowTile * ROWS + (i >> 2) * 8 + q * 2 + (i & 1);
          if (n < a.outputs && row < a.rows) {
            a.partial[((size_t)segment * a.rows + row) * a.outputs + n] = sum[i];
          }
        }
      } else if constexpr (L::SCALED) {
#pragma unroll
        for (int i = 0; i < 64; i++) {
          const u32 at = totals + (i * 256 + threadIdx.x) * 4;
          storeShared(at, segment == firstSegment ? sum[i] : __fadd_rn(loadSharedFloat(at), sum[i]));
        }
      } else if (segment == firstSegment) {
#pragma unroll
        for (int i = 0; i < 64; i++) total[i] = sum[i];
      } else {
#pragma unroll
        for (int i = 0; i < 64; i++) total[i] = __fadd_rn(total[i], sum[i]);
      }
#pragma unroll
      for (int i = 0; i < 64; i++) sum[i] = 0.f;
      segment++;
    }
  };
  for (int step = begin; step < end; step += 2) {
    body(step, o[0], scale[0], minimum[0], o[1], scale[1], minimum[1]);
    if (step + 1 < end) body(step + 1, o[1], scale[1], minimum[1], o[0], scale[0], minimum[0]);
  }
  if (a.partial) return;
#pragma unroll
  for (int i = 0; i < 64; i++) {
    const int n = (tileBase + tile) * 16 + g + (i >> 1 & 1) * 8;
    const int row = rowTile * ROWS + (i >> 2) * 8 + q * 2 + (i & 1);
    if (n < a.outputs && row < a.rows) {
      float t;
      if constexpr (L::SCALED) {
        t = loadSharedFloat(totals + (i * 256 + threadIdx.x) * 4);
      } else {
        t = total[i];
      }
      if (a.bias) t = __fadd_rn(t, a.bias[n]);
      float* p = a.out + (size_t)row * a.outPitch + n;
      *p = a.add ? __fadd_rn(*p, t) : t;
    }
  }
}

#define GEMM(NAME, KIND) \
  KERNEL __launch_bounds__(384, 1) NAME##_hopper(const __grid_constant__ MatmulArgs a) { gemm<KIND>(a); }

GEMM(gemm_bf16, BF16)
GEMM(gemm_f16, F16)
GEMM(gemm_q8, Q8)
GEMM(gemm_q8m, Q8M)
GEMM(gemm_q4s, Q4S)
GEMM(gemm_q4m, Q4M)
