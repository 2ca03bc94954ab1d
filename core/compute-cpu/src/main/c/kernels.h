/*
 * What Java and the kernels agree on. Pointers may be into the Java heap (critical calls): kernels are short, keep no
 * pointer and call nothing.
 */
#ifndef ANDANTE_KERNELS_H
#define ANDANTE_KERNELS_H

#include <stdint.h>

/* Grows with every change of a signature or a layout; Java refuses another library than its own. */
#define ANDANTE_ABI 7

/*
 * Rows of a product from which on weights are asked for ahead. Intel's processors look too little ahead by themselves even for one row,
 * AMD's do best alone while reading takes longer than computing. Set by andante_isa.
 */
extern int32_t andante_rows_to_ask_ahead __attribute__((visibility("hidden")));

/* How a weight is kept. */
enum kind {
  NIBBLES = 0,     /* codes of 4 bits, a scale for each 32 inputs */
  BYTES = 1,       /* codes of 8 bits, a scale for each 32 inputs */
  BYTES_BY_16 = 2, /* codes of 8 bits, a scale for each 16 inputs */
  FLOATS = 3,
  HALVES = 4,  /* f16 */
  BFLOATS = 5, /* bf16 */
};

/*
 * A weight [outputs, inputs] in groups of 16 outputs, one lane each; lanes without an output are zero.
 *
 * Plain kinds: a group is [inputs][16]. Others: a group is [blocks], 32 inputs each, and a block is its codes, then the
 * scales f[16] of its one or two runs, then, if has_minimum, the minimums f[16], f being f16 or, if wide, f32. The codes of
 * inputs 4i … 4i + 3 are bytes of one lane, 64 bytes for 16 lanes; of NIBBLES, byte vector j < 4 has those of i = j in
 * the low nibbles and of i = j + 4 in the high ones.
 *
 * Code c of a run with scale s and minimum m means (c - offset) * s + m; only one of offset and minimum is used.
 */
struct weight {
  const uint8_t *data;
  int64_t group_bytes;
  int32_t block_bytes;
  int32_t blocks;
  int32_t kind;
  int32_t offset;
  int32_t has_minimum;
  int32_t wide;
  int32_t outputs;
  int32_t inputs;
};

/* Where products go: out = product + bias, or out += product + bias; bias may be null. Column 0 of out is output `first`. */
struct sums {
  float *out;
  int64_t stride;
  const float *bias;
  int32_t add;
  int32_t first;
};

/*
 * Activations of one row in 8 bits, a scale for each 32 inputs: i8[inputs] codes, then for each block b
 * f32 scale[b], f32 scale * sum of codes [b], i32 sum of codes [b], and for each half block i32 sum of codes [2b], [2b + 1].
 */
#define ROW_BYTES(inputs) ((inputs) + (inputs) / 32 * 20)

/*
 * The keys and values of one layer, [block][k|v][kv head] and then, with T tokens of a block rounded up to 16 and D
 * elements of a head rounded up to 2, in the order in which attention reads them:
 *
 *   bf16 keys    u32 [T / 16][D / 2][16]: one lane a token, two elements in it, the first in the low half
 *   bf16 values  u32 [T / 2][D]: one lane an element, two tokens in it, the first in the low half
 *   f32 keys     f32 [T / 16][D][16], f32 values f32 [T][D]
 */
struct kv {
  uint8_t *data;
  int64_t block_bytes;
  int64_t side_bytes;
  int64_t head_bytes;
  int32_t block_size;
  int32_t head_dim;
  int32_t is_f32;
};

/* Tokens after which attention begins a sum of its own; see attention.c. */
#define SPAN 256

/* Rows of one sequence that attention takes in one call. */
#define ATTENTION_ROWS 32

/* Floats of scratch memory that attention of so many heads of so many elements needs; see attention.c. */
#define ATTENTION_SCRATCH(heads, head_dim) (128 * ((int64_t)(head_dim) + 16) + 3 * (int64_t)ATTENTION_ROWS * (heads) * ((head_dim) + 22))

/* Rows of a gated product that are computed before they are gated: few enough for the second cache. */
#define GATED_ROWS 96

/* Tiles of 32 inputs that are multiplied in one run; see tiles.c. */
#define TILE_STEPS 20

/* Bytes that products on tiles need: two panels of a run, and sums of so many rows of two tiles of gates and of what they gate. */
#define TILE_PANELS(rows) (2 * TILE_STEPS * 2048 + ((rows) + 31) / 32 * 8192)

#define KERNEL(name) KERNEL_(name, ISA)
#define KERNEL_(name, isa) KERNEL__(name, isa)
#define KERNEL__(name, isa) andante_##name##_##isa

#endif
