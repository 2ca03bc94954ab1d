// How matrices lie in device memory, and how a warp turns a piece of one into operands of mma.
//
// A matrix [outputs, inputs] is padded to multiples of 16 and 64 and cut into steps of 16 outputs
// by 64 inputs, [outputs/16][inputs/64]. Inside a step the bytes lie in the order in which the
// lanes of a warp want them: lane 4g+q works on outputs g and g+8 and, in each 32 inputs ("chunk"),
// on inputs 8q..8q+7. Eight neighbouring inputs feed two mma of 16: the sum over k does not care
// which input is called k, as long as both operands agree, and every kernel here uses this order.
//
//   BF16  [chunk 2][half 2][lane 32][8 bf16]             2048 bytes a step; F16 alike
//   Q8    [chunk 2][lane 32][half 2][8 bytes, q + 128]   1024
//   Q4    [lane 32][chunk 2][half 2][8 nibbles]           512
//
// Scales (and minima) of the quantised kinds: f16 [outputs/16][inputs/64][g 8][chunk 2][half 2].
// Quantised values enter mma as the integers they are, exact in bf16; the scale multiplies the sum
// of each 32 inputs in f32. F16 is rounded to bf16 on the way into mma. Q8M and Q4M have minima.
#pragma once
#include "common.cuh"

enum Kind { BF16 = 0, Q8 = 1, Q4S = 2, Q4M = 3, F16 = 4, Q8M = 5 };

template <int KIND>
struct Layout;
template <>
struct Layout<BF16> {
  static constexpr int STEP = 2048, LOADS = 4;
  static constexpr bool SCALED = false, MINIMA = false;
};
template <>
struct Layout<F16> : Layout<BF16> {};
template <>
struct Layout<Q8> {
  static constexpr int STEP = 1024, LOADS = 2;
  static constexpr bool SCALED = true, MINIMA = false;
};
template <>
struct Layout<Q8M> {
  static constexpr int STEP = 1024, LOADS = 2;
  static constexpr bool SCALED = true, MINIMA = true;
};
template <>
struct Layout<Q4S> {
  static constexpr int STEP = 512, LOADS = 1;
  static constexpr bool SCALED = true, MINIMA = false;
};
template <>
struct Layout<Q4M> {
  static constexpr int STEP = 512, LOADS = 1;
  static constexpr bool SCALED = true, MINIMA = true;
};

static constexpr int SCALE_STEP = 64;  // bytes of scales a step

// Operands of one step: [chunk][mma][register].
struct Operand {
  u32 a[2][2][4];
};

// Bytes u1:u0 in the low bytes of each half, biased by 128, to two bf16.
__device__ __forceinline__ u32 bytesToBf16(u32 v) {
  u32 low = (v & 0x000f000fu) | 0x43004300u;          // 128 + low nibble
  u32 high = ((v >> 4) & 0x000f000fu) | 0x45004500u;  // 2048 + 16 * high nibble
  high = fmaBf16x2(high, BF16_ONES, 0xc510c510u);     // - 2304
  return fmaBf16x2(low, BF16_ONES, high);
}

template <int KIND>
__device__ __forceinline__ u32 sixteen(u32 v) {
  if constexpr (KIND == F16) return packBf16(fromHalf((u16)v), fromHalf((u16)(v >> 16)));
  return v;
}

template <int KIND>
__device__ __forceinline__ void unpack(const uint4 (&raw)[Layout<KIND>::LOADS], Operand& o) {
  if constexpr (KIND == BF16 || KIND == F16) {
#pragma unroll
    for (int c = 0; c < 2; c++) {
      uint4 r = raw[2 * c], s = raw[2 * c + 1];
      o.a[c][0][0] = sixteen<KIND>(r.x), o.a[c][0][1] = sixteen<KIND>(s.x);
      o.a[c][0][2] = sixteen<KIND>(r.y), o.a[c][0][3] = sixteen<KIND>(s.y);
      o.a[c][1][0] = sixteen<KIND>(r.z), o.a[c][1][1] = sixteen<KIND>(s.z);
      o.a[c][1][2] = sixteen<KIND>(r.w), o.a[c][1][3] = sixteen<KIND>(s.w);
    }
  } else if constexpr (KIND == Q8 || KIND == Q8M) {
#pragma unroll
    for (int c = 0; c < 2; c++) {
      uint4 r = raw[c];
      u32 v[4] = {r.x, r.y, r.z, r.w};
#pragma unroll
      for (int m = 0; m < 2; m++) {
        o.a[c][m][0] = bytesToBf16(v[m]);
        o.a[c][m][1] = bytesToBf16(v[2 + m]);
        o.a[c][m][2] = bytesToBf16(v[m] >> 8);
        o.a[c][m][3] = bytesToBf16(v[2 + m] >> 8);
      }
    }
  } else {
    constexpr u32 bias = KIND == Q4S ? 0xc308c308u : 0xc300c300u;  // -136 or -128
    u32 v[4] = {raw[0].x, raw[0].y, raw[0].z, raw[0].w};
#pragma unroll
    for (int c = 0; c < 2; c++) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        u32 w = v[2 * c + h];
#pragma unroll
        for (int i = 0; i < 4; i++) {
          u32 x = ((w >> (4 * i)) & 0x000f000fu) | 0x43004300u;  // 128 + q
          o.a[c][i / 2][h + 2 * (i % 2)] = fmaBf16x2(x, BF16_ONES, bias);
        }
      }
    }
  }
}

// sum[T][16x8] += the products of chunk c of T operands with activations b, whose two mma take b.xy
// and b.zw. Scales and minima: f16 for row g in the low half, for g + 8 in the high half.
template <int KIND, int T>
__device__ __forceinline__ void multiply(
    float (&sum)[T][4], const Operand (&o)[T], int c, uint4 b, const u32 (&scale)[T],
    const u32 (&minimum)[T], const float (&ones)[4]) {
  if constexpr (Layout<KIND>::SCALED) {
    float p[T][4];
#pragma unroll
    for (int t = 0; t < T; t++) {
      p[t][0] = p[t][1] = p[t][2] = p[t][3] = 0.f;
      mma(p[t], o[t].a[c][0], b.x, b.y);
    }
#pragma unroll
    for (int t = 0; t < T; t++) mma(p[t], o[t].a[c][1], b.z, b.w);
#pragma unroll
    for (int t = 0; t < T; t++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        sum[t][e] = __fmaf_rn(fromHalf((u16)(scale[t] >> (e & 2) * 8)), p[t][e], sum[t][e]);
        if constexpr (Layout<KIND>::MINIMA) {
          sum[t][e] = __fmaf_rn(fromHalf((u16)(minimum[t] >> (e & 2) * 8)), ones[e], sum[t][e]);
        }
      }
    }
  } else {
#pragma unroll
    for (int t = 0; t < T; t++) mma(sum[t], o[t].a[c][0], b.x, b.y);
#pragma unroll
    for (int t = 0; t < T; t++) mma(sum[t], o[t].a[c][1], b.z, b.w);
  }
}

// The sums of the activations of one chunk, as the product with a matrix of ones.
__device__ __forceinline__ void sumChunk(float (&c)[4], uint4 b) {
  const u32 ones[4] = {BF16_ONES, BF16_ONES, BF16_ONES, BF16_ONES};
  c[0] = c[1] = c[2] = c[3] = 0.f;
  mma(c, ones, b.x, b.y);
  mma(c, ones, b.z, b.w);
}

// One product. The inputs are cut into segments of segmentSteps steps. Each segment is summed in
// ascending order, and the segments are added in ascending order, whoever computes them: this is
// what makes results independent of the number of rows.
struct MatmulArgs {
  const u8* weight;
  const u8* scales;
  const u8* minima;
  const void* x;      // f32 rows, bf16 rows padded to whole steps, or tiles (gemm_sm90.cu)
  float* out;
  const float* bias;  // null or [outputs]
  float* partial;     // [segments][rows][outputs]; null: the kernel adds the segments itself
  int outputs;
  int inputs;
  int steps;
  int segmentSteps;
  int segmentsPerBlock;
  int rows;
  int xPitch;    // elements
  int outPitch;  // elements
  int add;       // out += instead of out =
};
