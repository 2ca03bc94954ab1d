/*
 * Sixteen lanes of f32 or i32, whatever the registers are: one of AVX-512 or two of AVX2. Kernels are
 * written once against these functions and compiled for each instruction set (see build-native).
 *
 * Results are the same on every instruction set: every operation rounds once, in the same order.
 */
#ifndef ANDANTE_LANES_H
#define ANDANTE_LANES_H

#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#define LANES 16
#define LOG2_E 1.44269504f
#define INLINE static inline __attribute__((always_inline))

#ifdef __AVX512VNNI__

typedef __m512 vf;
typedef __m512i vi;

INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }
INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
INLINE vf vf_load_first(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void vf_store_first(float *p, vf v, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
/* a * b + c, rounded once */
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vf vf_abs(vf a) { return _mm512_abs_ps(a); }
/* lanes below n of a, the others of b */
INLINE vf vf_first(vf a, vf b, int n) { return _mm512_mask_blend_ps((__mmask16)((1u << n) - 1), b, a); }
INLINE vf vf_from_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE vf vf_from_bf16(const uint16_t *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}
INLINE vf vf_of(vi v) { return _mm512_cvtepi32_ps(v); }
/* rounded to whole numbers, ties to even, the low bytes of them */
INLINE __m128i vf_codes(vf v) { return _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)); }
/* a * 2^n for whole n */
INLINE vf vf_scale(vf a, vf n) { return _mm512_scalef_ps(a, n); }

INLINE vi vi_zero(void) { return _mm512_setzero_si512(); }
INLINE vi vi_set(int32_t x) { return _mm512_set1_epi32(x); }
INLINE vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
INLINE vi vi_shift_right(vi a, int n) { return _mm512_srli_epi32(a, n); }
INLINE vi vi_shift_left(vi a, int n) { return _mm512_slli_epi32(a, n); }
INLINE vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
/* sum in each lane: acc + 4 products of unsigned bytes of w with signed bytes of x */
INLINE vi vi_dot(vi acc, vi w, vi x) { return _mm512_dpbusd_epi32(acc, w, x); }
/* as vi_dot, for w beyond 127 */
INLINE vi vi_dot_wide(vi acc, vi w, vi x) { return _mm512_dpbusd_epi32(acc, w, x); }

/* sum over lanes by halving: lane l with l + 8, then with l + 4, l + 2, l + 1 */
INLINE float vf_sum(vf v) {
  __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

INLINE float vf_largest(vf v) { return _mm512_reduce_max_ps(v); }
/* the largest magnitude of both; infinite or NaN if one of them is. As whole numbers, bits without a sign are in order, NaN last. */
INLINE float vf_largest_abs(vf a, vf b) {
  vi whole = _mm512_max_epi32(_mm512_castps_si512(vf_abs(a)), _mm512_castps_si512(vf_abs(b)));
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(whole))));
}

#else

typedef struct {
  __m256 a, b;
} vf;
typedef struct {
  __m256i a, b;
} vi;

#define VF(x, y) ((vf){(x), (y)})
#define VI(x, y) ((vi){(x), (y)})

INLINE vf vf_zero(void) { return VF(_mm256_setzero_ps(), _mm256_setzero_ps()); }
INLINE vf vf_set(float x) { return VF(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
INLINE vf vf_load(const float *p) { return VF(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)); }
INLINE void vf_store(float *p, vf v) {
  _mm256_storeu_ps(p, v.a);
  _mm256_storeu_ps(p + 8, v.b);
}
/* all ones in lanes below n */
INLINE __m256i below(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vf vf_load_first(const float *p, int n) {
  return VF(_mm256_maskload_ps(p, below(n)), n > 8 ? _mm256_maskload_ps(p + 8, below(n - 8)) : _mm256_setzero_ps());
}
INLINE void vf_store_first(float *p, vf v, int n) {
  _mm256_maskstore_ps(p, below(n), v.a);
  if (n > 8) _mm256_maskstore_ps(p + 8, below(n - 8), v.b);
}
INLINE vf vf_add(vf x, vf y) { return VF(_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)); }
INLINE vf vf_sub(vf x, vf y) { return VF(_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)); }
INLINE vf vf_mul(vf x, vf y) { return VF(_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)); }
INLINE vf vf_div(vf x, vf y) { return VF(_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)); }
INLINE vf vf_max(vf x, vf y) { return VF(_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)); }
INLINE vf vf_min(vf x, vf y) { return VF(_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)); }
INLINE vf vf_fma(vf x, vf y, vf z) { return VF(_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)); }
INLINE vf vf_round(vf x) {
  return VF(_mm256_round_ps(x.a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
            _mm256_round_ps(x.b, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
INLINE vf vf_abs(vf x) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return VF(_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b));
}
INLINE vf vf_first(vf x, vf y, int n) {
  return VF(_mm256_blendv_ps(y.a, x.a, _mm256_castsi256_ps(below(n))),
            _mm256_blendv_ps(y.b, x.b, _mm256_castsi256_ps(below(n - 8))));
}
INLINE vf vf_from_f16(const uint16_t *p) {
  return VF(_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)), _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8))));
}
INLINE __m256 widen(const uint16_t *p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}
INLINE vf vf_from_bf16(const uint16_t *p) { return VF(widen(p), widen(p + 8)); }
INLINE vf vf_of(vi v) { return VF(_mm256_cvtepi32_ps(v.a), _mm256_cvtepi32_ps(v.b)); }
INLINE __m128i vf_codes(vf v) {
  __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(v.a), _mm256_cvtps_epi32(v.b));
  words = _mm256_permute4x64_epi64(words, 0xD8);
  return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}
/* 2^n by way of the exponent, in two steps so that subnormal results round once */
INLINE __m256 scale8(__m256 a, __m256 n) {
  __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1), rest = _mm256_sub_epi32(whole, half);
  __m256i bias = _mm256_set1_epi32(127);
  a = _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23)));
  return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23)));
}
INLINE vf vf_scale(vf x, vf n) { return VF(scale8(x.a, n.a), scale8(x.b, n.b)); }

INLINE vi vi_zero(void) { return VI(_mm256_setzero_si256(), _mm256_setzero_si256()); }
INLINE vi vi_set(int32_t x) { return VI(_mm256_set1_epi32(x), _mm256_set1_epi32(x)); }
INLINE vi vi_load(const void *p) {
  return VI(_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)p + 1));
}
INLINE vi vi_and(vi x, vi y) { return VI(_mm256_and_si256(x.a, y.a), _mm256_and_si256(x.b, y.b)); }
INLINE vi vi_shift_right(vi x, int n) { return VI(_mm256_srli_epi32(x.a, n), _mm256_srli_epi32(x.b, n)); }
INLINE vi vi_shift_left(vi x, int n) { return VI(_mm256_slli_epi32(x.a, n), _mm256_slli_epi32(x.b, n)); }
INLINE vi vi_add(vi x, vi y) { return VI(_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)); }
INLINE __m256i dot8(__m256i acc, __m256i w, __m256i x) {
  return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), _mm256_set1_epi16(1)));
}
INLINE vi vi_dot(vi acc, vi w, vi x) { return VI(dot8(acc.a, w.a, x.a), dot8(acc.b, w.b, x.b)); }
/* maddubs saturates beyond 127: the two halves of each byte apart, the low seven bits and the eighth */
INLINE vi vi_dot_wide(vi acc, vi w, vi x) {
  __m256i low = _mm256_set1_epi8(127), one = _mm256_set1_epi8(1);
  acc = vi_dot(acc, VI(_mm256_and_si256(w.a, low), _mm256_and_si256(w.b, low)), x);
  vi eighth = vi_dot(vi_zero(), VI(_mm256_and_si256(_mm256_srli_epi16(w.a, 7), one), _mm256_and_si256(_mm256_srli_epi16(w.b, 7), one)), x);
  return VI(_mm256_add_epi32(acc.a, _mm256_slli_epi32(eighth.a, 7)), _mm256_add_epi32(acc.b, _mm256_slli_epi32(eighth.b, 7)));
}

INLINE float vf_sum(vf v) {
  __m256 h = _mm256_add_ps(v.a, v.b);
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

INLINE float vf_largest(vf v) {
  __m256 h = _mm256_max_ps(v.a, v.b);
  __m128 q = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  q = _mm_max_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_max_ss(q, _mm_movehdup_ps(q)));
}

INLINE float vf_largest_abs(vf x, vf y) {
  x = vf_abs(x);
  y = vf_abs(y);
  __m256i h = _mm256_max_epi32(_mm256_max_epi32(_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)),
                               _mm256_max_epi32(_mm256_castps_si256(y.a), _mm256_castps_si256(y.b)));
  __m128i q = _mm_max_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
  q = _mm_max_epi32(q, _mm_shuffle_epi32(q, 0x4E));
  q = _mm_max_epi32(q, _mm_shuffle_epi32(q, 0xB1));
  return _mm_cvtss_f32(_mm_castsi128_ps(q));
}

#endif

/* Stores both as codes of 8 bits, and the sum of each one's codes. */
INLINE void store_codes(int8_t *codes, int32_t *sums, vf first, vf second) {
  __m256i both = _mm256_set_m128i(vf_codes(second), vf_codes(first));
  _mm256_storeu_si256((__m256i *)codes, both);
  __m256i fours = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), both), _mm256_set1_epi16(1));
  fours = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4E));
  fours = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0xB1));
  sums[0] = _mm256_extract_epi32(fours, 0);
  sums[1] = _mm256_extract_epi32(fours, 4);
}

INLINE vf vf_load_n(const float *p, int n) { return n >= LANES ? vf_load(p) : vf_load_first(p, n); }
INLINE void vf_store_n(float *p, vf v, int n) {
  if (n >= LANES) {
    vf_store(p, v);
  } else {
    vf_store_first(p, v, n);
  }
}

INLINE vf vf_bits(vi v) {
#ifdef __AVX512VNNI__
  return _mm512_castsi512_ps(v);
#else
  return VF(_mm256_castsi256_ps(v.a), _mm256_castsi256_ps(v.b));
#endif
}

INLINE vi vi_bits(vf v) {
#ifdef __AVX512VNNI__
  return _mm512_castps_si512(v);
#else
  return VI(_mm256_castps_si256(v.a), _mm256_castps_si256(v.b));
#endif
}

/* The first lane. */
INLINE float vf_lane(vf v) {
#ifdef __AVX512VNNI__
  return _mm512_cvtss_f32(v);
#else
  return _mm256_cvtss_f32(v.a);
#endif
}

/* The bf16 in the low and in the high half of each lane. */
INLINE vf vf_low_bf16(vi v) {
#ifdef __AVX512VNNI__
  return vf_bits(_mm512_slli_epi32(v, 16));
#else
  return VF(_mm256_castsi256_ps(_mm256_slli_epi32(v.a, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(v.b, 16)));
#endif
}
INLINE vf vf_high_bf16(vi v) { return vf_bits(vi_and(v, vi_set((int32_t)0xFFFF0000))); }

/* Rounds to nearest, ties to even; NaN stays NaN. */
INLINE uint16_t to_bf16(uint32_t bits) {
  uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  uint32_t quiet = (bits >> 16) | 0x40; /* a NaN's payload must not round to infinity */
  return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

/*
 * e^x within 2 ulp: x = n ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite), e^r by the polynomial of Cephes' expf. NaN stays NaN; below
 * -104 the result is 0; above 88.72 it is e^88.72.
 */
INLINE vf vf_exp(vf x) {
  x = vf_max(vf_set(-104.0f), vf_min(vf_set(88.72f), x)); /* the second operand is kept where it is NaN */
  vf n = vf_round(vf_mul(x, vf_set(LOG2_E)));
  vf r = vf_fma(n, vf_set(-0.693359375f), x);
  r = vf_fma(n, vf_set(2.12194440e-4f), r);
  vf p = vf_set(1.9875691500e-4f);
  p = vf_fma(p, r, vf_set(1.3981999507e-3f));
  p = vf_fma(p, r, vf_set(8.3334519073e-3f));
  p = vf_fma(p, r, vf_set(4.1665795894e-2f));
  p = vf_fma(p, r, vf_set(1.6666665459e-1f));
  p = vf_fma(p, r, vf_set(5.0000001201e-1f));
  p = vf_fma(vf_mul(r, r), p, vf_add(r, vf_set(1.0f)));
  return vf_scale(p, n);
}

/*
 * 2^x within 1.1e-4 of it, for weights that are rounded to 8 bits: 1 for 0, below -127 the result is 0, x is below 127. x = n + r,
 * |r| <= 1/2, and a polynomial of degree 3 fitted to the least largest relative error; n goes into the exponent as a whole number.
 * From -127 to -126 numbers are too small to be whole ones, and rounding to bf16 makes them 0. NaN that was a bf16 stays NaN.
 */
INLINE vf vf_exp2_rough(vf x) {
  const vf to_whole = vf_set(12582912.0f); /* 1.5 * 2^23: the last bit of a sum with it is 1 */
  x = vf_max(vf_set(-127.0f), x);
  vf shifted = vf_add(x, to_whole), r = vf_sub(x, vf_sub(shifted, to_whole));
  vf p = vf_fma(vf_set(0.05500893f), r, vf_set(0.24221096f));
  p = vf_fma(p, r, vf_set(0.69328293f));
  p = vf_fma(p, r, vf_set(1.0f));
  return vf_bits(vi_add(vi_bits(p), vi_shift_left(vi_bits(shifted), 23)));
}

#endif
