/*
 * Products of some rows of 8-bit activations on AMX tiles: bit for bit what group_q gives, as sums of codes are whole numbers and become
 * f32 in the same order.
 */
#include "tiles.h"

/* Rows from which on this is faster. */
#define FEWEST_TILE_ROWS 12

/* Blocks that go through one step before the next: a step alone is too short to hide what it waits for. */
#define STEP_BLOCKS 4

#define CODE_BYTES 512

struct steps {
  uint8_t codes[STEP_BLOCKS * CODE_BYTES] __attribute__((aligned(64)));
  int32_t sums[STEP_BLOCKS * LANES * LANES] __attribute__((aligned(64))); /* [block][row][output] */
  float scales[STEP_BLOCKS * LANES] __attribute__((aligned(64)));
  float minimums[STEP_BLOCKS * LANES] __attribute__((aligned(64)));
  float totals[LANES * LANES] __attribute__((aligned(64)));
};

/* Tiles 0 and 1: sums of `rows` rows. 4 and 5: 32 activations of each. 6 and 7: the codes of a block, 4 inputs a row. */
INLINE void tiles_begin_few(int rows) {
  struct tile_config config __attribute__((aligned(64))) = {.palette = 1, .row_bytes = {64, 64, 0, 0, 32, 32, 64, 64}};
  config.rows[0] = config.rows[1] = config.rows[4] = config.rows[5] = (uint8_t)rows;
  config.rows[6] = config.rows[7] = 8;
  __asm__ volatile("ldtilecfg %0" ::"m"(config));
}

/* Sums of codes of block i of a step and the one after it. */
INLINE void sum_two(struct steps *s, int i, const uint8_t *x, int64_t row_bytes, int rows) {
  (void)rows;
  _tile_zero(0);
  _tile_zero(1);
  _tile_loadd(4, x + 32 * i, row_bytes);
  _tile_loadd(6, s->codes + i * CODE_BYTES, TILE_ROW_BYTES);
  _tile_dpbsud(0, 4, 6);
  _tile_loadd(5, x + 32 * (i + 1), row_bytes);
  _tile_loadd(7, s->codes + (i + 1) * CODE_BYTES, TILE_ROW_BYTES);
  _tile_dpbsud(1, 5, 7);
  _tile_stored(0, s->sums + i * LANES * LANES, TILE_ROW_BYTES);
  _tile_stored(1, s->sums + (i + 1) * LANES * LANES, TILE_ROW_BYTES);
}

/* As group_q, for up to 16 rows. */
INLINE void group_few(const struct weight *w, int group, const uint8_t *activations, int rows, int kind, int has_minimum, int wide,
                      int64_t row_bytes, int first_row, const struct sums *to, struct steps *s) {
  const int blocks = w->blocks, inputs = w->inputs, offset = w->offset, factor_bytes = (wide ? 4 : 2) * LANES;
  const int code_bytes = kind == NIBBLES ? 256 : CODE_BYTES, block_bytes = code_bytes + (1 + has_minimum) * factor_bytes;
  const uint8_t *block = w->data + group * w->group_bytes, *x = activations + first_row * row_bytes;
  const vi low = vi_set(0x0F0F0F0F);
  for (int r = 0; r < rows; r++) vf_store(s->totals + r * LANES, vf_zero());
  for (int first = 0; first < blocks; first += STEP_BLOCKS) {
    const int n = blocks - first < STEP_BLOCKS ? blocks - first : STEP_BLOCKS;
    for (int i = 0; i < n; i++, block += block_bytes) {
      uint8_t *codes = s->codes + i * CODE_BYTES;
      for (int at = 0; at < block_bytes; at += 64) __builtin_prefetch(block + ASK_AHEAD + at, 0, 2);
      if (kind == NIBBLES) {
        UNROLL for (int v = 0; v < 4; v++) {
          vi both = vi_load(block + 64 * v);
          _mm512_store_si512(codes + 64 * v, vi_and(both, low));
          _mm512_store_si512(codes + 256 + 64 * v, vi_and(vi_shift_right(both, 4), low));
        }
      } else {
        UNROLL for (int v = 0; v < 8; v++) _mm512_store_si512(codes + 64 * v, vi_load(block + 64 * v));
      }
      vf_store(s->scales + i * LANES, load_factors(block + code_bytes, wide));
      if (has_minimum) vf_store(s->minimums + i * LANES, load_factors(block + code_bytes + factor_bytes, wide));
    }
    tiles_see_stores();
    for (int i = 0; i < n; i += 2) sum_two(s, i, x + 32 * first, row_bytes, rows); /* one beyond the last is computed and left */
    for (int r = 0; r < rows; r++) {
      const float *scales = (const float *)(x + r * row_bytes + inputs) + first;
      const int32_t *whole = (const int32_t *)(scales + 2 * blocks);
      vf total = vf_load(s->totals + r * LANES);
      for (int i = 0; i < n; i++) {
        vi sum = vi_load(s->sums + (i * LANES + r) * LANES);
        if (!has_minimum) sum = vi_add(sum, vi_set(-offset * whole[i]));
        total = vf_fma(vf_mul(vf_of(sum), vf_load(s->scales + i * LANES)), vf_set(scales[i]), total);
        if (has_minimum) total = vf_fma(vf_load(s->minimums + i * LANES), vf_set(scales[blocks + i]), total);
      }
      vf_store(s->totals + r * LANES, total);
    }
  }
  const int output = group * LANES;
  for (int r = 0; r < rows; r++) finish(to, first_row + r, output, w->outputs - output, vf_load(s->totals + r * LANES));
}

#define GROUPS_FEW(name, kind, has_minimum, wide)                                                                      \
  static __attribute__((noinline)) void name(const struct weight *w, int from, int to, const uint8_t *x, int rows,     \
                                             const struct sums *sums) {                                                \
    const int64_t row_bytes = ROW_BYTES((int64_t)w->inputs);                                                           \
    struct steps steps;                                                                                                \
    __builtin_memset(steps.codes, 0, sizeof steps.codes); /* the block beyond an odd last one */                       \
    BY_CHUNKS(for (int row = 0, runs = (rows + LANES - 1) / LANES, run = 0, n; run < runs; run++, row += n) {          \
      n = (rows - row + runs - run - 1) / (runs - run);                                                                \
      tiles_begin_few(n);                                                                                              \
      EACH_GROUP(group_few(w, group, x, n, kind, has_minimum, wide, row_bytes, row, sums, &steps));                    \
    })                                                                                                                 \
    tiles_end();                                                                                                       \
  }
