/*
 * Products of activations with packed weights. Lane l of a group is output l, and each output is one chain of sums over
 * the inputs in ascending order, whatever the number of rows: a row's result never depends on the batch.
 */
#include "kernels.h"
#include "lanes.h"
#include "norm.h"
#include "sums.h"

/* Rows that share the unpacking of weights; what fits the registers. */
#ifdef __AVX512VNNI__
#define MOST_ROWS 12
#else
#define MOST_ROWS 4
#endif

#define UNROLL _Pragma("GCC unroll 16")

/*
 * Bytes of weights that all rows pass before the next weights come: they stay in the second cache, the activations of a run of rows in
 * the first.
 */
#define CHUNK_BYTES (256 << 10)

/* Bytes of weights after those at hand that are asked for, as far as a processor does not look ahead by itself; see kernels.h. */
#define ASK_AHEAD 8192

/* Activations, or their RMS norms if gain is not null, to 8 bits. NaN or infinity in a block makes its scale NaN. */
void KERNEL(quantize)(const float *x, int64_t stride, int32_t from, int32_t to, int32_t inputs, const float *gain, float eps,
                      uint8_t *target) {
  const int blocks = inputs / 32;
  const int64_t bytes = ROW_BYTES((int64_t)inputs);
  float normed[gain ? inputs : 1];
  for (int r = from; r < to; r++) {
    const float *row = x + r * stride;
    if (gain) {
      norm_row(row, gain, inputs, eps, normed);
      row = normed;
    }
    int8_t *codes = (int8_t *)(target + r * bytes);
    float *scales = (float *)(codes + inputs);
    float *sums = scales + blocks;
    int32_t *whole = (int32_t *)(sums + blocks);
    int32_t *halves = whole + blocks;
    for (int b = 0; b < blocks; b++) {
      vf u = vf_load(row + 32 * b), v = vf_load(row + 32 * b + 16);
      float largest = vf_largest_abs(u, v);
      int finite = largest - largest == 0;
      float scale = finite ? largest / 127.0f : NAN;
      vf inverse = vf_set(finite && largest > 0 ? 127.0f / largest : 0.0f);
      store_codes(codes + 32 * b, halves + 2 * b, vf_mul(u, inverse), vf_mul(v, inverse));
      scales[b] = scale;
      whole[b] = halves[2 * b] + halves[2 * b + 1];
      sums[b] = scale * (float)whole[b];
    }
  }
}

/* 32 or 16 inputs: the 4-byte groups first … first + steps of each row with codes that are bytes of w */
#define DOTS(steps, wide_codes)                                                   \
  UNROLL for (int i = 0; i < (steps); i++) {                                             \
    vi w = vi_load(codes + 64 * i);                                               \
    UNROLL for (int r = 0; r < rows; r++) {                                              \
      vi a = vi_set(*(const int32_t *)(x[r] + at + 4 * i));                       \
      sum[r] = (wide_codes) ? vi_dot_wide(sum[r], w, a) : vi_dot(sum[r], w, a);   \
    }                                                                             \
  }

/* One group of outputs with `rows` rows of 8-bit activations; everything but the data is a constant of the call. */
INLINE void group_q(const struct weight *w, int group, const uint8_t *activations, int rows, int kind, int has_minimum, int wide,
                    int64_t row_bytes, int first_row, const struct sums *to) {
  const int blocks = w->blocks, inputs = w->inputs, offset = w->offset;
  const int eighth_bit = kind == BYTES && offset > 64; /* codes beyond 127 */
  const int factor_bytes = (wide ? 4 : 2) * LANES;
  const int block_bytes = (kind == NIBBLES ? 256 : 512) + (1 + (kind == BYTES_BY_16) + has_minimum) * factor_bytes;
  const uint8_t *block = w->data + group * w->group_bytes;
  const int asks = rows >= andante_rows_to_ask_ahead && first_row == 0; /* the first rows read the weights for all */
  const int8_t *x[MOST_ROWS];
  vf total[MOST_ROWS];
  UNROLL for (int r = 0; r < rows; r++) {
    x[r] = (const int8_t *)(activations + (first_row + r) * row_bytes);
    total[r] = vf_zero();
  }
  for (int b = 0; b < blocks; b++, block += block_bytes) {
    const uint8_t *codes = block;
    int at = 32 * b;
    vi sum[MOST_ROWS];
    if (asks) {
      for (int i = 0; i < block_bytes; i += 64) __builtin_prefetch(block + ASK_AHEAD + i, 0, 2);
    }
    if (kind == BYTES_BY_16) {
      const uint8_t *factors = block + 512;
      for (int half = 0; half < 2; half++) {
        vf s = load_factors(factors + half * factor_bytes, wide);
        UNROLL for (int r = 0; r < rows; r++) {
          sum[r] = vi_set(-offset * ((const int32_t *)(x[r] + inputs))[3 * blocks + 2 * b + half]);
        }
        DOTS(4, 0)
        UNROLL for (int r = 0; r < rows; r++) {
          vf scale = vf_set(((const float *)(x[r] + inputs))[b]);
          total[r] = vf_fma(vf_mul(vf_of(sum[r]), s), scale, total[r]);
        }
        codes += 256;
        at += 16;
      }
      continue;
    }
    UNROLL for (int r = 0; r < rows; r++) {
      sum[r] = has_minimum ? vi_zero() : vi_set(-offset * ((const int32_t *)(x[r] + inputs))[2 * blocks + b]);
    }
    if (kind == NIBBLES) {
      vi low = vi_set(0x0F0F0F0F);
      UNROLL for (int i = 0; i < 4; i++) {
        vi both = vi_load(codes + 64 * i);
        vi first = vi_and(both, low), second = vi_and(vi_shift_right(both, 4), low);
        UNROLL for (int r = 0; r < rows; r++) {
          sum[r] = vi_dot(sum[r], first, vi_set(*(const int32_t *)(x[r] + at + 4 * i)));
          sum[r] = vi_dot(sum[r], second, vi_set(*(const int32_t *)(x[r] + at + 16 + 4 * i)));
        }
      }
      codes += 256;
    } else {
      if (eighth_bit) {
        DOTS(8, 1)
      } else {
        DOTS(8, 0)
      }
      codes += 512;
    }
    vf s = load_factors(codes, wide);
    vf m = has_minimum ? load_factors(codes + factor_bytes, wide) : vf_zero();
    UNROLL for (int r = 0; r < rows; r++) {
      const float *scales = (const float *)(x[r] + inputs);
      total[r] = vf_fma(vf_mul(vf_of(sum[r]), s), vf_set(scales[b]), total[r]);
      if (has_minimum) total[r] = vf_fma(m, vf_set(scales[blocks + b]), total[r]);
    }
  }
  int output = group * LANES;
  UNROLL for (int r = 0; r < rows; r++) {
    finish(to, first_row + r, output, w->outputs - output, total[r]);
  }
}

/* Calls `one` with a constant number of rows for each run of rows; runs are as even as they can be. */
#define CASE(n, one) \
  case n:            \
    one(n);          \
    break;
#define BY_ROWS(rows, one)                                           \
  for (int at_row = 0, runs = (rows + MOST_ROWS - 1) / MOST_ROWS, i_run = 0; i_run < runs; i_run++) { \
    int in_run = (rows - at_row + runs - i_run - 1) / (runs - i_run); \
    switch (in_run) { CASES(one) }                                   \
    at_row += in_run;                                                \
  }
#if MOST_ROWS == 12
#define CASES(one)                                                                                                  \
  CASE(1, one) CASE(2, one) CASE(3, one) CASE(4, one) CASE(5, one) CASE(6, one) CASE(7, one) CASE(8, one)           \
  CASE(9, one) CASE(10, one) CASE(11, one) CASE(12, one)
#else
#define CASES(one) CASE(1, one) CASE(2, one) CASE(3, one) CASE(4, one)
#endif

/* Runs `work` for groups [chunk, end) of [from, to). */
#define BY_CHUNKS(work)                                                        \
  for (int chunk = from, step = 1 + (int)(CHUNK_BYTES / w->group_bytes), end; chunk < to; chunk = end) { \
    end = to - chunk < step ? to : chunk + step;                               \
    work                                                                       \
  }

#define GROUPS_Q(name, kind, has_minimum, wide)                                                                     \
  static __attribute__((noinline)) void name(const struct weight *w, int from, int to, const uint8_t *x, int rows,  \
                                             const struct sums *sums) {                                             \
    const int64_t row_bytes = ROW_BYTES((int64_t)w->inputs);                                                        \
    BY_CHUNKS(BY_ROWS(rows, ONE_Q_##kind##_##has_minimum##_##wide))                                                 \
  }
#define EACH_GROUP(one) for (int group = chunk; group < end; group++) one
#define ONE_Q(n, kind, minimum, wide) EACH_GROUP(group_q(w, group, x, n, kind, minimum, wide, row_bytes, at_row, sums))
#define ONE_Q_NIBBLES_0_0(n) ONE_Q(n, NIBBLES, 0, 0)
#define ONE_Q_NIBBLES_1_0(n) ONE_Q(n, NIBBLES, 1, 0)
#define ONE_Q_NIBBLES_1_1(n) ONE_Q(n, NIBBLES, 1, 1)
#define ONE_Q_BYTES_0_0(n) ONE_Q(n, BYTES, 0, 0)
#define ONE_Q_BYTES_1_0(n) ONE_Q(n, BYTES, 1, 0)
#define ONE_Q_BYTES_1_1(n) ONE_Q(n, BYTES, 1, 1)
#define ONE_Q_BYTES_BY_16_0_1(n) ONE_Q(n, BYTES_BY_16, 0, 1)
GROUPS_Q(nibbles, NIBBLES, 0, 0)
GROUPS_Q(nibbles_minimum, NIBBLES, 1, 0)
GROUPS_Q(nibbles_minimum_wide, NIBBLES, 1, 1)
GROUPS_Q(bytes, BYTES, 0, 0)
GROUPS_Q(bytes_minimum, BYTES, 1, 0)
GROUPS_Q(bytes_minimum_wide, BYTES, 1, 1)
GROUPS_Q(bytes_by_16, BYTES_BY_16, 0, 1)

#ifdef __AMX_INT8__
#include "few_tiles.h"
GROUPS_FEW(few_nibbles, NIBBLES, 0)
GROUPS_FEW(few_nibbles_minimum, NIBBLES, 1)
GROUPS_FEW(few_bytes, BYTES, 0)
#endif

static void multiply_q(const struct weight *w, int from, int to, const uint8_t *x, int rows, const struct sums *sums) {
#ifdef __AMX_INT8__
  if (rows >= FEWEST_TILE_ROWS && TILE_RUNS(rows) * w->blocks <= MOST_TILE_BLOCKS && !w->wide && w->kind != BYTES_BY_16 && (w->kind == NIBBLES || !w->has_minimum)) {
    (w->kind == BYTES ? few_bytes : w->has_minimum ? few_nibbles_minimum : few_nibbles)(w, from, to, x, rows, sums);
    return;
  }
#endif
  if (w->kind == NIBBLES) {
    (w->has_minimum ? (w->wide ? nibbles_minimum_wide : nibbles_minimum) : nibbles)(w, from, to, x, rows, sums);
  } else if (w->kind == BYTES) {
    (w->has_minimum ? (w->wide ? bytes_minimum_wide : bytes_minimum) : bytes)(w, from, to, x, rows, sums);
  } else {
    bytes_by_16(w, from, to, x, rows, sums);
  }
}

/* Groups [from, to) of a quantised weight with rows that `quantize` made. */
void KERNEL(product_q)(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t rows, float *out, int64_t stride,
                       const float *bias, int32_t add) {
  struct sums sums = {out, stride, bias, add, 0};
  multiply_q(w, from, to, x, rows, &sums);
}

/* The f32 weights of input k, one lane an output. */
INLINE vf plain(const uint8_t *group, int k, int kind) {
  if (kind == FLOATS) return vf_load((const float *)group + LANES * (int64_t)k);
  const uint16_t *p = (const uint16_t *)group + LANES * (int64_t)k;
  return kind == HALVES ? vf_from_f16(p) : vf_from_bf16(p);
}

INLINE void group_plain(const struct weight *w, int group, const float *x, int64_t x_stride, int rows, int kind, int first_row,
                        const struct sums *to) {
  const uint8_t *data = w->data + group * w->group_bytes;
  const int inputs = w->inputs;
  vf total[MOST_ROWS];
  UNROLL for (int r = 0; r < rows; r++) total[r] = vf_zero();
  for (int k = 0; k < inputs; k++) {
    vf v = plain(data, k, kind);
    UNROLL for (int r = 0; r < rows; r++) total[r] = vf_fma(v, vf_set(x[(first_row + r) * x_stride + k]), total[r]);
  }
  int output = group * LANES;
  UNROLL for (int r = 0; r < rows; r++) finish(to, first_row + r, output, w->outputs - output, total[r]);
}

/* As group_plain, the weights being what their codes mean, rounded once to f32. */
INLINE void group_exact(const struct weight *w, int group, const float *x, int64_t x_stride, int rows, int first_row,
                        const struct sums *to) {
  const uint8_t *block = w->data + group * w->group_bytes;
  const int kind = w->kind, runs = kind == BYTES_BY_16 ? 2 : 1, factor_bytes = (w->wide ? 4 : 2) * LANES;
  const int code_bytes = kind == NIBBLES ? 256 : 512;
  vf offset = vf_set((float)-w->offset);
  vf total[MOST_ROWS];
  UNROLL for (int r = 0; r < rows; r++) total[r] = vf_zero();
  for (int b = 0; b < w->blocks; b++, block += w->block_bytes) {
    const uint8_t *factors = block + code_bytes;
    for (int i = 0; i < 8; i++) {
      vi codes;
      if (kind == NIBBLES) {
        vi both = vi_load(block + 64 * (i & 3));
        codes = vi_and(i < 4 ? both : vi_shift_right(both, 4), vi_set(0x0F0F0F0F));
      } else {
        codes = vi_load(block + 64 * i);
      }
      vf s = load_factors(factors + (runs == 2 && i >= 4 ? factor_bytes : 0), w->wide);
      vf m = w->has_minimum ? load_factors(factors + runs * factor_bytes, w->wide) : vf_zero();
      const float *at = x + 32 * b + 4 * i;
#define INPUT(j)                                                                                   \
  {                                                                                                \
    vf v = vf_fma(vf_add(CODE(codes, j), offset), s, m);                                           \
    UNROLL for (int r = 0; r < rows; r++) total[r] = vf_fma(v, vf_set(at[(first_row + r) * x_stride + j]), total[r]); \
  }
      INPUT(0) INPUT(1) INPUT(2) INPUT(3)
    }
  }
  int output = group * LANES;
  UNROLL for (int r = 0; r < rows; r++) finish(to, first_row + r, output, w->outputs - output, total[r]);
}

#define GROUPS_F(name)                                                                                                 \
  static __attribute__((noinline)) void name(const struct weight *w, int from, int to, const float *x, int64_t x_stride, \
                                             int rows, const struct sums *sums) {                                      \
    BY_CHUNKS(BY_ROWS(rows, ONE_##name))                                                                               \
  }
#define ONE_floats(n) EACH_GROUP(group_plain(w, group, x, x_stride, n, FLOATS, at_row, sums))
#define ONE_halves(n) EACH_GROUP(group_plain(w, group, x, x_stride, n, HALVES, at_row, sums))
#define ONE_bfloats(n) EACH_GROUP(group_plain(w, group, x, x_stride, n, BFLOATS, at_row, sums))
#define ONE_exact(n) EACH_GROUP(group_exact(w, group, x, x_stride, n, at_row, sums))
GROUPS_F(floats)
GROUPS_F(halves)
GROUPS_F(bfloats)
GROUPS_F(exact)

static void multiply_f(const struct weight *w, int from, int to, const float *x, int64_t x_stride, int rows, const struct sums *sums) {
  switch (w->kind) {
    case FLOATS:
      floats(w, from, to, x, x_stride, rows, sums);
      break;
    case HALVES:
      halves(w, from, to, x, x_stride, rows, sums);
      break;
    case BFLOATS:
      bfloats(w, from, to, x, x_stride, rows, sums);
      break;
    default:
      exact(w, from, to, x, x_stride, rows, sums);
  }
}

/* Groups [from, to) of any weight with rows of f32. */
void KERNEL(product_f)(const struct weight *w, int32_t from, int32_t to, const float *x, int64_t x_stride, int32_t rows, float *out,
                       int64_t stride, const float *bias, int32_t add) {
  struct sums sums = {out, stride, bias, add, 0};
  multiply_f(w, from, to, x, x_stride, rows, &sums);
}

#ifdef __AMX_INT8__
#define SILU_MUL andante_silu_mul_avx512 /* there is nothing in it for tiles */
#else
#define SILU_MUL KERNEL(silu_mul)
#endif
void SILU_MUL(const float *x, int64_t x_stride, int64_t up_at, int32_t n, float *out, int64_t stride, int32_t from, int32_t to);

/*
 * out = silu(gate) * up for groups [from, to) of gates, the first half of the outputs, whole groups, and those that they gate, of the
 * second half. Rows that `quantize` made, or where there are none, of f32. Scratch: 2 * GATED_ROWS rows of the gates' outputs, or
 * fewer if there are fewer rows.
 */
void KERNEL(gated)(const struct weight *w, int32_t from, int32_t to, const uint8_t *codes, const float *x, int64_t x_stride, int32_t rows,
                   const float *bias, float *out, int64_t stride, float *scratch) {
  const int columns = (to - from) * LANES, half = w->outputs / 2 / LANES;
  struct sums sums[2] = {{scratch, 2 * columns, bias, 0, from * LANES}, {scratch + columns, 2 * columns, bias, 0, (half + from) * LANES}};
  for (int row = 0; row < rows; row += GATED_ROWS) {
    const int n = rows - row < GATED_ROWS ? rows - row : GATED_ROWS;
    for (int up = 0; up < 2; up++) {
      const int first = from + up * half, end = to + up * half;
      if (codes) {
        multiply_q(w, first, end, codes + row * ROW_BYTES((int64_t)w->inputs), n, &sums[up]);
      } else {
        multiply_f(w, first, end, x + row * x_stride, x_stride, n, &sums[up]);
      }
    }
    SILU_MUL(scratch, 2 * columns, columns, columns, out + row * stride + from * LANES, stride, 0, n);
  }
}
