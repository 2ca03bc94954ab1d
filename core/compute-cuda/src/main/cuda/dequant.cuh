// Elements of the block formats of GGML, as dev.andante.compute.DType describes them.
#pragma once
#include "common.cuh"

enum Format {
  FORMAT_F32 = 0,
  FORMAT_F16,
  FORMAT_BF16,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q4_K,
  Q5_K,
  Q6_K
};

__device__ __forceinline__ u16 readHalfBits(const u8* p) { return (u16)(p[0] | p[1] << 8); }
__device__ __forceinline__ float readHalf(const u8* p) { return fromHalf(readHalfBits(p)); }

// Element e of 16 bytes of nibbles: the low ones first.
__device__ __forceinline__ int nibble(const u8* qs, int e) {
  return e < 16 ? qs[e] & 15 : qs[e - 16] >> 4;
}

__device__ __forceinline__ int q5(const u8* high, const u8* qs, int e) {
  return nibble(qs, e) | (high[e >> 3] >> (e & 7) & 1) << 4;
}

// The 6-bit scale and minimum of sub-block j of a K block.
__device__ __forceinline__ void scaleMin(const u8* s, int j, int& scale, int& minimum) {
  if (j < 4) {
    scale = s[j] & 63;
    minimum = s[j + 4] & 63;
  } else {
    scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    minimum = (s[j + 4] >> 4) | (s[j] >> 6) << 4;
  }
}

// Element k of a row.
__device__ inline float dequant(int format, const u8* row, int k) {
  const int e = k & 31, i = k & 255;
  switch (format) {
    case FORMAT_F32:
      return reinterpret_cast<const float*>(row)[k];
    case FORMAT_F16:
      return readHalf(row + 2 * k);
    case FORMAT_BF16:
      return fromBf16(readHalfBits(row + 2 * k));
    case Q4_0: {
      const u8* b = row + (size_t)(k >> 5) * 18;
      return readHalf(b) * (float)(nibble(b + 2, e) - 8);
    }
    case Q4_1: {
      const u8* b = row + (size_t)(k >> 5) * 20;
      return __fmaf_rn(readHalf(b), (float)nibble(b + 4, e), readHalf(b + 2));
    }
    case Q5_0: {
      const u8* b = row + (size_t)(k >> 5) * 22;
      return readHalf(b) * (float)(q5(b + 2, b + 6, e) - 16);
    }
    case Q5_1: {
      const u8* b = row + (size_t)(k >> 5) * 24;
      return __fmaf_rn(readHalf(b), (float)q5(b + 4, b + 8, e), readHalf(b + 2));
    }
    case Q8_0: {
      const u8* b = row + (size_t)(k >> 5) * 34;
      return readHalf(b) * (float)(signed char)b[2 + e];
    }
    case Q4_K:
    case Q5_K: {
      const u8* b = row + (size_t)(k >> 8) * (format == Q4_K ? 144 : 176);
      const int j = i >> 5;
      int scale, minimum;
      scaleMin(b + 4, j, scale, minimum);
      const u8* qs = b + (format == Q4_K ? 16 : 48) + (j >> 1) * 32 + e;
      int q = (j & 1) ? *qs >> 4 : *qs & 15;
      if (format == Q5_K) q |= (b[16 + e] >> j & 1) << 4;
      return readHalf(b) * (float)scale * (float)q - readHalf(b + 2) * (float)minimum;
    }
    default: {  // Q6_K
      const u8* b = row + (size_t)(k >> 8) * 210;
      const int n = i >> 7, part = i >> 5 & 3;
      const u8 low = b[n * 64 + (part & 1) * 32 + e];
      const u8 high = b[128 + n * 32 + e];
      const int q = ((part & 2 ? low >> 4 : low & 15) | (high >> (2 * part) & 3) << 4) - 32;
      const int scale = (signed char)b[192 + n * 8 + part * 2 + (e >> 4)];
      return readHalf(b + 208) * (float)scale * (float)q;
    }
  }
}
