/*
 * Products of some rows of 8-bit activations on AMX tiles: bit for bit what group_q gives, as sums of codes are whole numbers and become
 * f32 in the same order.
 */
#include "tiles.h"

/* Rows from which on this is faster. */
#define FEWEST_TILE_ROWS 9

/* Blocks whose codes are summed before those at hand are scaled: what is stored should be there when it is read. */
#define BLOCKS_AHEAD 2

/* Blocks under way: those, the one at hand, and one whose codes are spread. */
#define UNDER_WAY (BLOCKS_AHEAD + 2)

#define CODE_BYTES 512

/* Most blocks of all runs of rows: their factors are kept on the stack. */
#define MOST_TILE_BLOCKS 1024

/* Runs that so many rows are taken in, as even as they can be. */
#define TILE_RUNS(rows) (((rows) + LANES - 1) / LANES)

/* Codes and sums of blocks under way, by number of the block in the call % UNDER_WAY. */
struct under_way {
  uint8_t codes[UNDER_WAY][CODE_BYTES] __attribute__((aligned(64)));
  int32_t sums[UNDER_WAY][LANES * LANES] __attribute__((aligned(64))); /* [row][output] */
};

/* Of a block of activations, by row: scales, and what a minimum is multiplied with, or else what is added to sums for the codes' offset. */
struct factors {
  float scale[LANES];
  union {
    float of_minimum[LANES];
    int32_t for_offset[LANES];
  };
};

/* Tile 0: sums of `rows` rows. 1: 32 activations of each. 2: the codes of a block, 4 inputs a row. */
INLINE void tiles_begin_few(int rows) {
  struct tile_config config __attribute__((aligned(64))) = {.palette = 1, .row_bytes = {64, 32, 64}};
  config.rows[0] = config.rows[1] = (uint8_t)rows;
  config.rows[2] = 8;
  tiles_are(&config);
}

/* The codes of a block, a byte each; those that are bytes already stay where they are. */
INLINE void spread(const uint8_t *block, int kind, int block_bytes, uint8_t *codes) {
  for (int at = 0; at < block_bytes; at += 64) __builtin_prefetch(block + ASK_AHEAD + at, 0, 2);
  if (kind != NIBBLES) return;
  const vi low = vi_set(0x0F0F0F0F);
  UNROLL for (int v = 0; v < 4; v++) {
    vi both = vi_load(block + 64 * v);
    _mm512_store_si512(codes + 64 * v, vi_and(both, low));
    _mm512_store_si512(codes + 256 + 64 * v, vi_and(vi_shift_right(both, 4), low));
  }
}

INLINE void sum_codes(const uint8_t *codes, const uint8_t *x, int64_t row_bytes, int32_t *sums) {
  tiles_see_stores();
  _tile_zero(0);
  _tile_loadd(1, x, row_bytes);
  _tile_loadd(2, codes, TILE_ROW_BYTES);
  _tile_dpbsud(0, 1, 2);
  _tile_stored(0, sums, TILE_ROW_BYTES);
  tiles_see_stores();
}

/*
 * As group_q, for groups [from, end), which follow each other without a gap, and `rows` rows. Tiles sum blocks ahead while the lanes scale
 * the one at hand: one after the other, each would idle.
 */
INLINE void groups_few(const struct weight *w, int from, int end, const uint8_t *x, const struct factors *of_rows, int rows, int kind,
                       int has_minimum, int64_t row_bytes, int first_row, const struct sums *to) {
  const int blocks = w->blocks, code_bytes = kind == NIBBLES ? 256 : CODE_BYTES, block_bytes = code_bytes + (1 + has_minimum) * 2 * LANES;
  const uint8_t *block = w->data + from * w->group_bytes;
  const int64_t all = (int64_t)(end - from) * blocks;
  struct under_way s;
  int to_sum = 0; /* the block of a row that is summed next */
#define SPREAD_BLOCK(n) spread(block + (n) * (int64_t)block_bytes, kind, block_bytes, s.codes[(number + (n)) % UNDER_WAY])
#define SUM_BLOCK(n)                                                                                                      \
  sum_codes(kind == NIBBLES ? s.codes[(number + (n)) % UNDER_WAY] : block + (n) * (int64_t)block_bytes, x + 32 * to_sum,  \
            row_bytes, s.sums[(number + (n)) % UNDER_WAY]);                                                               \
  to_sum = to_sum + 1 == blocks ? 0 : to_sum + 1
  int64_t number = 0;
  for (int n = 0; n <= BLOCKS_AHEAD && n < all; n++) SPREAD_BLOCK(n);
  for (int n = 0; n < BLOCKS_AHEAD && n < all; n++) {
    SUM_BLOCK(n);
  }
  for (int group = from; group < end; group++) {
    vf total[LANES];
    UNROLL for (int r = 0; r < rows; r++) total[r] = vf_zero();
    for (int b = 0; b < blocks; b++, block += block_bytes, number++) {
      if (number + BLOCKS_AHEAD + 1 < all) SPREAD_BLOCK(BLOCKS_AHEAD + 1);
      if (number + BLOCKS_AHEAD < all) {
        SUM_BLOCK(BLOCKS_AHEAD);
      }
      const int32_t *sums = s.sums[number % UNDER_WAY];
      const struct factors *f = of_rows + b;
      const vf scale = load_factors(block + code_bytes, 0);
      const vf minimum = has_minimum ? load_factors(block + code_bytes + 2 * LANES, 0) : vf_zero();
      UNROLL for (int r = 0; r < rows; r++) {
        vi sum = vi_load(sums + r * LANES);
        if (!has_minimum) sum = vi_add(sum, vi_set(f->for_offset[r]));
        total[r] = vf_fma(vf_mul(vf_of(sum), scale), vf_set(f->scale[r]), total[r]);
        if (has_minimum) total[r] = vf_fma(minimum, vf_set(f->of_minimum[r]), total[r]);
      }
    }
    const int output = group * LANES;
    UNROLL for (int r = 0; r < rows; r++) finish(to, first_row + r, output, w->outputs - output, total[r]);
  }
}

/* The factors of `rows` rows that `quantize` made. */
static void gather_factors(const struct weight *w, const uint8_t *x, int rows, int64_t row_bytes, struct factors *to) {
  const int blocks = w->blocks;
  for (int r = 0; r < rows; r++, x += row_bytes) {
    const float *scales = (const float *)(x + w->inputs);
    const int32_t *whole = (const int32_t *)(scales + 2 * blocks);
    for (int b = 0; b < blocks; b++) {
      to[b].scale[r] = scales[b];
      if (w->has_minimum) {
        to[b].of_minimum[r] = scales[blocks + b];
      } else {
        to[b].for_offset[r] = -w->offset * whole[b];
      }
    }
  }
}

/* Half of 17 rows is the smallest run. */
#define FEW_CASES(one)                                                                                                 \
  CASE(8, one) CASE(9, one) CASE(10, one) CASE(11, one) CASE(12, one) CASE(13, one) CASE(14, one) CASE(15, one) CASE(16, one)

/* Runs `work` for each run of n rows from `row` on, their activations at `at`. */
#define EACH_RUN(work)                                                                                                 \
  for (int run = 0, row = 0, n; run < runs; run++, row += n) {                                                         \
    struct factors *factors = all + run * w->blocks;                                                                   \
    const uint8_t *at = x + row * row_bytes;                                                                           \
    n = (rows - row + runs - run - 1) / (runs - run);                                                                  \
    work                                                                                                               \
  }

#define GROUPS_FEW(name, kind, has_minimum)                                                                            \
  static __attribute__((noinline)) void name(const struct weight *w, int from, int to, const uint8_t *x, int rows,     \
                                             const struct sums *sums) {                                                \
    const int64_t row_bytes = ROW_BYTES((int64_t)w->inputs);                                                           \
    const int runs = TILE_RUNS(rows);                                                                                  \
    struct factors all[runs * w->blocks];                                                                              \
    EACH_RUN(gather_factors(w, at, n, row_bytes, factors);)                                                            \
    BY_CHUNKS(EACH_RUN(                                                                                                \
      tiles_begin_few(n);                                                                                              \
      switch (n) { FEW_CASES(ONE_FEW_##kind##_##has_minimum) }))                                                         \
    tiles_end();                                                                                                       \
  }
#define ONE_FEW_NIBBLES_0(n) groups_few(w, chunk, end, at, factors, n, NIBBLES, 0, row_bytes, row, sums)
#define ONE_FEW_NIBBLES_1(n) groups_few(w, chunk, end, at, factors, n, NIBBLES, 1, row_bytes, row, sums)
#define ONE_FEW_BYTES_0(n) groups_few(w, chunk, end, at, factors, n, BYTES, 0, row_bytes, row, sums)
