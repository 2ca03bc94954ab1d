/* What Java calls: each kernel for the instruction set that the caller names. */
#define _GNU_SOURCE
#include "kernels.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum isa { AVX2 = 1, AVX512 = 2, AVX512_BF16 = 3, AMX = 4 };

int32_t andante_rows_to_ask_ahead = 3;

EXPORT int32_t andante_abi(void) { return ANDANTE_ABI; }

/* arch_prctl(2): asks the system to keep a feature's state for the threads of this process */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

/* Whether the processor multiplies tiles of bf16 and of bytes and the system lets this process, which has to ask once. */
static int has_tiles(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1) || !(d >> 25 & 1)) return 0; /* AMX-BF16, -TILE, -INT8 */
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

/* The best instruction set that this processor and its system have; 0 if none will do. */
EXPORT int32_t andante_isa(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_is("intel")) andante_rows_to_ask_ahead = 1;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
    return !__builtin_cpu_supports("avx512bf16") ? AVX512 : has_tiles() ? AMX : AVX512_BF16;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") ? AVX2 : 0;
}

/*
 * Pointers into tensors come as an array and an offset in floats, so that a caller need not make an object for each view.
 * Declares a kernel for both instruction sets and defines what calls it.
 */
#define BOTH(type, name, parameters, exported, arguments)                                       \
  type andante_##name##_avx2 parameters;                                                        \
  type andante_##name##_avx512 parameters;                                                      \
  EXPORT type andante_##name(int32_t isa, UNWRAP exported) {                                    \
    return isa >= AVX512 ? andante_##name##_avx512 arguments : andante_##name##_avx2 arguments; \
  }
#define UNWRAP(...) __VA_ARGS__
/* As BOTH, with one for tiles. */
#define ALL(type, name, parameters, exported, arguments)                                        \
  type andante_##name##_avx2 parameters;                                                        \
  type andante_##name##_avx512 parameters;                                                      \
  type andante_##name##_amx parameters;                                                         \
  EXPORT type andante_##name(int32_t isa, UNWRAP exported) {                                    \
    if (isa == AMX) {                                                                           \
      andante_##name##_amx arguments;                                                           \
    } else if (isa >= AVX512) {                                                                 \
      andante_##name##_avx512 arguments;                                                        \
    } else {                                                                                    \
      andante_##name##_avx2 arguments;                                                          \
    }                                                                                           \
  }

BOTH(void, quantize,
     (const float *x, int64_t stride, int32_t from, int32_t to, int32_t inputs, const float *gain, float eps, uint8_t *target),
     (const float *x, int64_t x_at, int64_t stride, int32_t from, int32_t to, int32_t inputs, const float *gain, float eps,
      uint8_t *target),
     (x + x_at, stride, from, to, inputs, gain, eps, target))
ALL(void, product_q,
     (const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t rows, float *out, int64_t stride, const float *bias,
      int32_t add),
     (const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t rows, float *out, int64_t out_at, int64_t stride,
      const float *bias, int64_t bias_at, int32_t add),
     (w, from, to, x, rows, out + out_at, stride, bias ? bias + bias_at : 0, add))
BOTH(void, product_f,
     (const struct weight *w, int32_t from, int32_t to, const float *x, int64_t x_stride, int32_t rows, float *out, int64_t stride,
      const float *bias, int32_t add),
     (const struct weight *w, int32_t from, int32_t to, const float *x, int64_t x_at, int64_t x_stride, int32_t rows, float *out,
      int64_t out_at, int64_t stride, const float *bias, int64_t bias_at, int32_t add),
     (w, from, to, x + x_at, x_stride, rows, out + out_at, stride, bias ? bias + bias_at : 0, add))
ALL(void, gated,
     (const struct weight *w, int32_t from, int32_t to, const uint8_t *codes, const float *x, int64_t x_stride, int32_t rows,
      const float *bias, float *out, int64_t stride, float *scratch),
     (const struct weight *w, int32_t from, int32_t to, const uint8_t *codes, const float *x, int64_t x_at, int64_t x_stride, int32_t rows,
      const float *bias, float *out, int64_t out_at, int64_t stride, float *scratch),
     (w, from, to, codes, x + x_at, x_stride, rows, bias, out + out_at, stride, scratch))
BOTH(void, rms_norm,
     (const float *x, int64_t x_stride, const float *gain, int32_t run, int32_t columns, float eps, float *out, int64_t stride,
      int32_t from, int32_t to),
     (const float *x, int64_t x_at, int64_t x_stride, const float *gain, int32_t run, int32_t columns, float eps, float *out,
      int64_t out_at, int64_t stride, int32_t from, int32_t to),
     (x + x_at, x_stride, gain, run, columns, eps, out + out_at, stride, from, to))
BOTH(void, silu_mul,
     (const float *x, int64_t x_stride, int64_t up_at, int32_t n, float *out, int64_t stride, int32_t from, int32_t to),
     (const float *x, int64_t x_at, int64_t x_stride, int64_t up_at, int32_t n, float *out, int64_t out_at, int64_t stride, int32_t from,
      int32_t to),
     (x + x_at, x_stride, up_at, n, out + out_at, stride, from, to))
BOTH(void, add, (const float *x, int64_t x_stride, float *sum, int64_t stride, int32_t columns, int32_t from, int32_t to),
     (const float *x, int64_t x_at, int64_t x_stride, float *sum, int64_t sum_at, int64_t stride, int32_t columns, int32_t from,
      int32_t to),
     (x + x_at, x_stride, sum + sum_at, stride, columns, from, to))
BOTH(void, rope,
     (float *x, int64_t stride, int32_t columns, int32_t head_dim, int32_t pairs, int32_t adjacent, const float *cosines,
      const float *sines, const int32_t *positions, int32_t from, int32_t to),
     (float *x, int64_t x_at, int64_t stride, int32_t columns, int32_t head_dim, int32_t pairs, int32_t adjacent, const float *cosines,
      const float *sines, const int32_t *positions, int32_t from, int32_t to),
     (x + x_at, stride, columns, head_dim, pairs, adjacent, cosines, sines, positions, from, to))
BOTH(void, write_kv,
     (const float *x, int64_t stride, const struct kv *kv, int32_t side, int32_t kv_heads, const int32_t *slots, int32_t from, int32_t to),
     (const float *x, int64_t x_at, int64_t stride, const struct kv *kv, int32_t side, int32_t kv_heads, const int32_t *slots,
      int32_t from, int32_t to),
     (x + x_at, stride, kv, side, kv_heads, slots, from, to))
BOTH(void, copy_kv,
     (const struct kv *kv, int32_t kv_heads, int32_t block, int32_t first, int32_t tokens, uint8_t *wire, int32_t to_wire),
     (const struct kv *kv, int32_t kv_heads, int32_t block, int32_t first, int32_t tokens, uint8_t *wire, int32_t to_wire),
     (kv, kv_heads, block, first, tokens, wire, to_wire))
BOTH(int32_t, argmax, (const float *x, int32_t n), (const float *x, int64_t x_at, int32_t n), (x + x_at, n))
#define ATTENTION(name)                                                                                                    \
  void andante_attention_##name(const float *q, int64_t q_stride, const struct kv *kv, const int32_t *blocks, int32_t rows, \
                                int32_t first_position, int32_t first_kv_head, int32_t kv_heads, int32_t heads, float scale,    \
                                float *out, int64_t out_stride, int32_t span, int32_t spans, int32_t all_heads,             \
                                float *partials, float *scratch)
ATTENTION(avx2);
ATTENTION(avx512);
ATTENTION(avx512bf16);
ATTENTION(amx);
EXPORT void andante_attention(int32_t isa, const float *q, int64_t q_at, int64_t q_stride, const struct kv *kv, const int32_t *blocks,
                              int32_t rows, int32_t first_position, int32_t first_kv_head, int32_t kv_heads, int32_t heads, float scale,
                              float *out, int64_t out_at, int64_t out_stride, int32_t span, int32_t spans, int32_t all_heads,
                              float *partials, int64_t partials_at, float *scratch) {
  (isa == AMX           ? andante_attention_amx
   : isa == AVX512_BF16 ? andante_attention_avx512bf16
   : isa == AVX512      ? andante_attention_avx512
                        : andante_attention_avx2)(
      q + q_at, q_stride, kv, blocks, rows, first_position, first_kv_head, kv_heads, heads, scale, out + out_at, out_stride, span, spans,
      all_heads, partials ? partials + partials_at : 0, scratch);
}
BOTH(void, merge_spans,
     (const float *partials, int32_t rows, int32_t heads, int32_t spans, int32_t head_dim, float *out, int64_t out_stride),
     (const float *partials, int64_t partials_at, int32_t rows, int32_t heads, int32_t spans, int32_t head_dim, float *out,
      int64_t out_at, int64_t out_stride),
     (partials + partials_at, rows, heads, spans, head_dim, out + out_at, out_stride))

void andante_pack_group(const uint8_t *source, int64_t row_bytes, int32_t format, const struct weight *w, int32_t output, int32_t count);
EXPORT void andante_pack(const uint8_t *source, int64_t source_at, int64_t row_bytes, int32_t format, const struct weight *w,
                         int32_t output, int32_t count) {
  andante_pack_group(source + source_at, row_bytes, format, w, output, count);
}

void andante_product_tiles_amx(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t first_row, int32_t end_row,
                               float *out, int64_t stride, const float *bias, int32_t add, uint8_t *panel);
EXPORT void andante_product_tiles(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t first_row, int32_t end_row,
                                  float *out, int64_t out_at, int64_t stride, const float *bias, int64_t bias_at, int32_t add,
                                  uint8_t *panel) {
  andante_product_tiles_amx(w, from, to, x, first_row, end_row, out + out_at, stride, bias ? bias + bias_at : 0, add, panel);
}
void andante_gated_tiles_amx(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t first_row, int32_t end_row,
                             const float *bias, float *out, int64_t stride, uint8_t *tiles, uint8_t *panel);
EXPORT void andante_gated_tiles(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t first_row, int32_t end_row,
                                const float *bias, float *out, int64_t out_at, int64_t stride, uint8_t *tiles, uint8_t *panel) {
  andante_gated_tiles_amx(w, from, to, x, first_row, end_row, bias, out + out_at, stride, tiles, panel);
}
void andante_narrow_tiles_amx(const float *x, int64_t stride, int32_t rows, int32_t inputs, const float *gain, float eps, int32_t from,
                              int32_t to, uint8_t *target);
EXPORT void andante_narrow_tiles(const float *x, int64_t x_at, int64_t stride, int32_t rows, int32_t inputs, const float *gain, float eps,
                                 int32_t from, int32_t to, uint8_t *target) {
  andante_narrow_tiles_amx(x + x_at, stride, rows, inputs, gain, eps, from, to, target);
}
