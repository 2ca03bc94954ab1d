/*
 * Products of many rows on AMX tiles: activations and weights are rounded to bf16, sums are f32. Weights are unpacked for 32 outputs at a
 * time, while tiles multiply those before: the lanes have little else to do then. All rows of a call pass what is unpacked; they and
 * their results should fit into the second cache. A row's sums depend on the row and the weight alone.
 */
#include "tiles.h"
#include "kernels.h"
#include "lanes.h"
#include "norm.h"
#include "sums.h"

#define UNROLL _Pragma("GCC unroll 16")

/* Rows, and outputs, of a pair of tiles: two pairs of factors make four tiles of sums, which is what eight registers allow. */
#define PAIR 32

/* Inputs of a tile. */
#define STEP 32

/* Two bf16 in each lane, those of `first` in the low halves. */
INLINE vi pair_bf16(vf first, vf second) {
  const vi order = _mm512_set_epi32(0x1F000F, 0x1E000E, 0x1D000D, 0x1C000C, 0x1B000B, 0x1A000A, 0x190009, 0x180008, 0x170007,
                                    0x160006, 0x150005, 0x140004, 0x130003, 0x120002, 0x110001, 0x100000) /* halves 0, 16, 1, 17, … */;
  return _mm512_permutexvar_epi16(order, (vi)_mm512_cvtne2ps_pbh(second, first));
}

/*
 * Rows [16 * from, 16 * to) of `rows`, or their RMS norms if gain is not null, as tiles [row group][inputs / 32, rounded up][16][32]; rows and
 * inputs that are not there are zero.
 */
void KERNEL(narrow_tiles)(const float *x, int64_t stride, int32_t rows, int32_t inputs, const float *gain, float eps, int32_t from, int32_t to,
                          uint8_t *target) {
  const int steps = (inputs + STEP - 1) / STEP;
  float normed[gain ? inputs : 1];
  for (int r = from * LANES; r < to * LANES; r++) {
    uint8_t *tile = target + (int64_t)(r / LANES) * steps * TILE_BYTES + r % LANES * TILE_ROW_BYTES;
    const float *row = x + r * stride;
    if (gain && r < rows) {
      norm_row(row, gain, inputs, eps, normed);
      row = normed;
    }
    for (int s = 0; s < steps; s++, tile += TILE_BYTES) {
      const int n = r < rows ? inputs - s * STEP : 0;
      vf first = n >= LANES ? vf_load(row + s * STEP) : n > 0 ? vf_load_first(row + s * STEP, n) : vf_zero();
      vf second = n >= STEP ? vf_load(row + s * STEP + LANES) : n > LANES ? vf_load_first(row + s * STEP + LANES, n - LANES) : vf_zero();
      _mm512_store_si512(tile, (vi)_mm512_cvtne2ps_pbh(second, first));
    }
  }
}

/* Weights are unpacked in so many parts a tile: 8 inputs of 16 outputs. */
#define PARTS 4

/* A panel: the weights of two groups of outputs as tiles [step][2], unpacked part by part. */
struct panel {
  const uint8_t *groups[2]; /* where the first step of each begins */
  int inputs;               /* from there on */
  uint8_t *tiles;
  int next, end; /* parts */
};

/*
 * A part of 32 inputs and 16 outputs of a quantised weight to its place in a tile: 16 rows of one lane an output, two inputs in it. Code c
 * of `bits` bits becomes the number 1 + c / 2^bits by going into its fraction, which spares converting it.
 */
INLINE void unpack_q(const uint8_t *block, int part, int kind, int has_minimum, int wide, vf offset, uint8_t *tile) {
  const int factor_bytes = (wide ? 4 : 2) * LANES, runs = kind == BYTES_BY_16 ? 2 : 1, bits = kind == NIBBLES ? 4 : 8;
  const uint8_t *factors = block + (kind == NIBBLES ? 256 : 512);
  const vf s = load_factors(factors + (runs == 2 ? part / 2 * factor_bytes : 0), wide), span = vf_mul(s, vf_set(1 << bits));
  const vf least = has_minimum ? vf_sub(load_factors(factors + runs * factor_bytes, wide), span) : vf_fma(offset, s, vf_sub(vf_zero(), span));
  const vi fraction = vi_set(((1 << bits) - 1) << (23 - bits)), one = vi_set(0x3F800000);
#define MEANING(from)                                                                                                      \
  vf_fma(vf_bits(_mm512_ternarylogic_epi32((from) < 23 - bits ? vi_shift_left(codes, 23 - bits - (from))                  \
                                                             : vi_shift_right(codes, (from) - (23 - bits)),               \
                                           fraction, one, 0xEA)),                                                          \
         span, least)
#define UNPACK(first)                                                                                                      \
  UNROLL for (int i = 0; i < 2; i++) {                                                                                     \
    const vi codes = vi_load(block + 128 * (kind == NIBBLES ? part & 1 : part) + 64 * i);                                  \
    _mm512_store_si512(tile + 256 * part + 128 * i, pair_bf16(MEANING(first), MEANING(first + 8)));                        \
    _mm512_store_si512(tile + 256 * part + 128 * i + 64, pair_bf16(MEANING(first + 16), MEANING(first + 24)));             \
  }
  if (kind == NIBBLES && part >= PARTS / 2) {
    UNPACK(4)
  } else {
    UNPACK(0)
  }
}

/* As unpack_q for a plain weight, of whose inputs there are n from the tile's first on; further ones are zero. */
INLINE void unpack_plain(const uint8_t *inputs, int part, int kind, int n, uint8_t *tile) {
#define PLAIN(k)                                                                    \
  ((k) >= n          ? vf_zero()                                                    \
   : kind == FLOATS  ? vf_load((const float *)inputs + (k) * LANES)                 \
   : kind == HALVES  ? vf_from_f16((const uint16_t *)inputs + (k) * LANES)          \
                     : vf_from_bf16((const uint16_t *)inputs + (k) * LANES))
  for (int k = 8 * part; k < 8 * part + 8; k += 2) _mm512_store_si512(tile + 32 * k, pair_bf16(PLAIN(k), PLAIN(k + 1)));
}

INLINE int64_t step_bytes(const struct weight *w, int kind) { return kind >= FLOATS ? (kind == FLOATS ? 4 : 2) * LANES * STEP : w->block_bytes; }

/* Up to `parts` parts more. */
INLINE void unpack(const struct weight *w, struct panel *p, int parts, int kind, int has_minimum, int wide) {
  for (; parts > 0 && p->next < p->end; parts--, p->next++) {
    const int part = p->next % PARTS, tile = p->next / PARTS, step = tile / 2;
    const uint8_t *block = p->groups[tile % 2] + step * step_bytes(w, kind);
    for (int at = 64 * part; at < step_bytes(w, kind); at += 64 * PARTS) __builtin_prefetch(block + 2 * w->group_bytes + at, 0, 2);
    if (kind >= FLOATS) {
      unpack_plain(block, part, kind, p->inputs - step * STEP, p->tiles + tile * TILE_BYTES);
    } else {
      unpack_q(block, part, kind, has_minimum, wide, vf_set((float)-w->offset), p->tiles + tile * TILE_BYTES);
    }
  }
}

/* Steps [first, first + steps) of groups g and g + 1, nothing of which is unpacked; g twice if there is no other. */
INLINE struct panel panel_of(const struct weight *w, int g, int first, int steps, int kind, uint8_t *tiles) {
  const uint8_t *data = w->data + g * w->group_bytes + first * step_bytes(w, kind);
  const int other = (g + 1) * LANES < w->outputs;
  return (struct panel){{data, other ? data + w->group_bytes : data}, w->inputs - first * STEP, tiles, 0, 2 * PARTS * steps};
}

/* Steps of a run, of as many runs as it takes for none to have more than TILE_STEPS; the last one may have fewer. */
INLINE int steps_of_runs(int all) {
  const int runs = (all + TILE_STEPS - 1) / TILE_STEPS;
  return (all + runs - 1) / runs;
}

/* How many parts of the next panel to unpack at each step, so that it is there when all rows have passed this one. */
INLINE int parts_a_step(int rows) {
  const int pairs = (rows + PAIR - 1) / PAIR;
  return (2 * PARTS + pairs - 1) / pairs;
}

/*
 * Sums of a pair of row groups, or of one, and 32 outputs: [32][stride] or [16][stride] at `sums`, added to what is there if `add`. Asks
 * for 32 rows at `soon`, if not null. Meanwhile `parts` parts of the next panel are unpacked a step.
 */
INLINE void multiply(const uint8_t *x, int64_t group_bytes, int both, const uint8_t *panel, int steps, float *sums, int64_t stride, int add,
                     const float *soon, const struct weight *w, struct panel *next, int parts, int kind, int has_minimum, int wide) {
  float *lower = sums + LANES * stride;
  const int64_t bytes = stride * 4;
  if (add) {
    _tile_loadd(0, sums, bytes);
    _tile_loadd(1, sums + LANES, bytes);
    if (both) {
      _tile_loadd(2, lower, bytes);
      _tile_loadd(3, lower + LANES, bytes);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int s = 0; s < steps; s++, x += TILE_BYTES, panel += 2 * TILE_BYTES) {
    _tile_stream_loadd(4, x, TILE_ROW_BYTES); /* past the first cache, which keeps the panel for the next rows */
    _tile_loadd(6, panel, TILE_ROW_BYTES);
    _tile_loadd(7, panel + TILE_BYTES, TILE_ROW_BYTES);
    if (both) _tile_stream_loadd(5, x + group_bytes, TILE_ROW_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (both) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    if (soon && s < PAIR / 2) {
      __builtin_prefetch(soon + 2 * s * stride, 1, 3);
      __builtin_prefetch(soon + 2 * s * stride + LANES, 1, 3);
      __builtin_prefetch(soon + (2 * s + 1) * stride, 1, 3);
      __builtin_prefetch(soon + (2 * s + 1) * stride + LANES, 1, 3);
    }
    unpack(w, next, parts, kind, has_minimum, wide);
  }
  _tile_stored(0, sums, bytes);
  _tile_stored(1, sums + LANES, bytes);
  if (both) {
    _tile_stored(2, lower, bytes);
    _tile_stored(3, lower + LANES, bytes);
  }
}

#define MULTIPLY(x, panel, steps, sums, stride, add, soon, next, parts)                                                                    \
  if (n > LANES) {                                                                                                                         \
    multiply(x, group_bytes, 1, panel, steps, sums, stride, add, soon, w, next, parts, kind, has_minimum, wide);                           \
  } else {                                                                                                                                 \
    multiply(x, group_bytes, 0, panel, steps, sums, stride, add, soon, w, next, parts, kind, has_minimum, wide);                           \
  }

/* n rows of 16 or 32 outputs that are not whole tiles, or begin with a bias, to `sums`, as tiles begin with them. */
static void begin_part(const struct sums *to, int row, int n, int output, int outputs, float *sums) {
  for (int r = 0; r < n; r++) {
    for (int c = 0; c < outputs; c += LANES) {
      const int there = outputs - c < LANES ? outputs - c : LANES;
      vf v = to->bias ? vf_load_n(to->bias + output + c, there) : vf_zero();
      if (to->add) v = vf_add(v, vf_load_n(to->out + (row + r) * to->stride + output + c, there));
      vf_store(sums + r * PAIR + c, v);
    }
  }
}

/* Where they go in the end. */
static void end_part(const struct sums *to, int row, int n, int output, int outputs, const float *sums) {
  for (int r = 0; r < n; r++) {
    for (int c = 0; c < outputs; c += LANES) {
      vf_store_n(to->out + (row + r) * to->stride + output + c, vf_load(sums + r * PAIR + c), outputs - c);
    }
  }
}

/* See product_tiles. */
INLINE void product(const struct weight *w, int from, int to, const uint8_t *x, int first_row, int end_row, const struct sums *whole,
                    uint8_t *memory, int kind, int has_minimum, int wide) {
  const int all = (w->inputs + STEP - 1) / STEP, most_steps = steps_of_runs(all);
  const int64_t group_bytes = (int64_t)all * TILE_BYTES;
  const int parts = parts_a_step(end_row - first_row);
  float sums[PAIR * PAIR] __attribute__((aligned(64)));
  uint8_t *now = memory, *then = memory + most_steps * 2 * TILE_BYTES;
  struct panel next = panel_of(w, from, 0, most_steps, kind, now);
  unpack(w, &next, next.end, kind, has_minimum, wide);
  for (int first = 0; first < all; first += most_steps) {
    const int steps = all - first < most_steps ? all - first : most_steps, left = all - first - steps;
    const struct sums target = {whole->out, whole->stride, first ? 0 : whole->bias, first ? 1 : whole->add, 0};
    for (int g = from; g < to; g += 2) {
      const int output = g * LANES, end = to * LANES < w->outputs ? to * LANES : w->outputs;
      const int outputs = end - output < PAIR ? end - output : PAIR;
      if (g + 2 < to) {
        next = panel_of(w, g + 2, first, steps, kind, then);
      } else if (left) {
        next = panel_of(w, from, first + steps, left < most_steps ? left : most_steps, kind, then);
      }
      tiles_see_stores();
      for (int row = first_row; row < end_row; row += PAIR) {
        const int n = end_row - row < PAIR ? end_row - row : PAIR;
        const uint8_t *at = x + row / LANES * group_bytes + first * TILE_BYTES;
        float *out = target.out + row * target.stride + output;
        if (n % LANES == 0 && outputs == PAIR && !target.bias) {
          const float *soon = end_row - row >= 2 * PAIR ? out + PAIR * target.stride : 0;
          MULTIPLY(at, now, steps, out, target.stride, target.add, soon, &next, parts)
        } else {
          begin_part(&target, row, n, output, outputs, sums);
          tiles_see_stores();
          MULTIPLY(at, now, steps, sums, PAIR, 1, 0, &next, parts)
          tiles_see_stores();
          end_part(&target, row, n, output, outputs, sums);
        }
      }
      unpack(w, &next, next.end, kind, has_minimum, wide);
      uint8_t *free = now;
      now = then;
      then = free;
    }
  }
  tiles_see_stores();
}

/* Calls `name` for the weight's kind, all of whose properties are constants then. */
#define FOR_KIND(name, ...)                                            \
  switch (w->kind * 4 + w->has_minimum * 2 + w->wide) {                \
    case NIBBLES * 4: name(__VA_ARGS__, NIBBLES, 0, 0); break;         \
    case NIBBLES * 4 + 2: name(__VA_ARGS__, NIBBLES, 1, 0); break;     \
    case NIBBLES * 4 + 3: name(__VA_ARGS__, NIBBLES, 1, 1); break;     \
    case BYTES * 4: name(__VA_ARGS__, BYTES, 0, 0); break;             \
    case BYTES * 4 + 2: name(__VA_ARGS__, BYTES, 1, 0); break;         \
    case BYTES * 4 + 3: name(__VA_ARGS__, BYTES, 1, 1); break;         \
    case FLOATS * 4: name(__VA_ARGS__, FLOATS, 0, 0); break;           \
    case HALVES * 4: name(__VA_ARGS__, HALVES, 0, 0); break;           \
    case BFLOATS * 4: name(__VA_ARGS__, BFLOATS, 0, 0); break;         \
    default: name(__VA_ARGS__, BYTES_BY_16, 0, 1);                     \
  }

/*
 * Groups [from, to) of a weight, as many as are even but for the last, and rows [first_row, end_row), the first a multiple of 32, of those
 * that `narrow_tiles` made. Memory: TILE_PANELS bytes. More inputs than TILE_STEPS tiles are added in several runs, so that a panel and the
 * next one stay in the first caches.
 */
void KERNEL(product_tiles)(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t first_row, int32_t end_row,
                           float *out, int64_t stride, const float *bias, int32_t add, uint8_t *panel) {
  const struct sums target = {out, stride, bias, add, 0};
  tiles_begin(LANES);
  FOR_KIND(product, w, from, to, x, first_row, end_row, &target, panel)
  tiles_end();
}

/* Row r < 32 and outputs 16 * c … of a pair's sums, with their bias. */
INLINE vf biased(const float *sums, int r, int c, const float *bias, int output) {
  vf v = vf_load(sums + r * PAIR + c * LANES);
  return bias ? vf_add(v, vf_load(bias + output)) : v;
}

/* Where gated outputs go: rows of f32, or, if there are such, tiles as `narrow_tiles` makes them of those rows, of so many steps. */
struct gated {
  float *out;
  int64_t stride;
  uint8_t *tiles;
  int64_t steps;
};

/* 16 or 32 outputs of a row, from group g on. */
INLINE void store_gated(const struct gated *to, int row, int g, int columns, vf first, vf second) {
  if (to->tiles) {
    uint8_t *tile = to->tiles + (row / LANES * to->steps + g / 2) * TILE_BYTES;
    _mm512_store_si512(tile + row % LANES * TILE_ROW_BYTES, (vi)_mm512_cvtne2ps_pbh(columns > 1 ? second : vf_zero(), first));
    return;
  }
  float *out = to->out + row * to->stride + g * LANES;
  vf_store(out, first);
  if (columns > 1) vf_store(out + LANES, second);
}

/* silu(gate) * up within 2e-4 of it: it is rounded to 8 bits. */
INLINE vf silu_mul_rough(vf gate, vf up) {
  const vf power = vf_exp2_rough(vf_min(vf_mul(gate, vf_set(-LOG2_E)), vf_set(126.0f)));
  return vf_mul(vf_mul(gate, up), _mm512_rcp14_ps(vf_add(vf_set(1.0f), power)));
}

/* What is multiplied in one go: some steps of the gates of group g and the next, or of what they gate. */
struct turn {
  int g, first, steps, gated;
};

/* See gated_tiles. */
INLINE void gated(const struct weight *w, int from, int to, const uint8_t *x, int first_row, int end_row, const float *bias,
                  const struct gated *target, uint8_t *memory, int kind, int has_minimum, int wide) {
  const int all = (w->inputs + STEP - 1) / STEP, most_steps = steps_of_runs(all), half = w->outputs / 2 / LANES;
  const int64_t group_bytes = (int64_t)all * TILE_BYTES;
  const int pairs = (end_row - first_row + PAIR - 1) / PAIR, parts = parts_a_step(end_row - first_row);
  uint8_t *now = memory, *then = memory + most_steps * 2 * TILE_BYTES;
  float *gates = (float *)(then + most_steps * 2 * TILE_BYTES), *ups = gates + pairs * PAIR * PAIR;
  struct turn turn = {from, 0, most_steps, 0};
  struct panel next = panel_of(w, from, 0, most_steps, kind, now);
  unpack(w, &next, next.end, kind, has_minimum, wide);
  while (turn.g < to) {
    const int g = turn.g, columns = to - g < 2 ? 1 : 2, first = turn.first, steps = turn.steps, is_gated = turn.gated;
    const int left = all - first - steps, ends = is_gated && !left;
    if (!is_gated) {
      turn.gated = 1;
    } else {
      turn = ends ? (struct turn){g + 2, 0, most_steps, 0} : (struct turn){g, first + steps, left < most_steps ? left : most_steps, 0};
    }
    if (turn.g < to) next = panel_of(w, turn.g + turn.gated * half, turn.first, turn.steps, kind, then);
    tiles_see_stores();
    for (int row = first_row; row < end_row; row += PAIR) {
      const int n = end_row - row < PAIR ? end_row - row : PAIR;
      const int64_t sums_at = (row - first_row) * PAIR;
      float *sums = (is_gated ? ups : gates) + sums_at;
      MULTIPLY(x + row / LANES * group_bytes + first * TILE_BYTES, now, steps, sums, PAIR, first > 0, 0, &next, parts)
      if (!ends) continue;
      tiles_see_stores();
      for (int r = 0; r < n; r++) {
        vf both[2] = {vf_zero(), vf_zero()};
        for (int c = 0; c < columns; c++) {
          both[c] = silu_mul_rough(biased(gates + sums_at, r, c, bias, (g + c) * LANES), biased(sums, r, c, bias, (half + g + c) * LANES));
        }
        store_gated(target, row + r, g, columns, both[0], both[1]);
      }
    }
    unpack(w, &next, next.end, kind, has_minimum, wide);
    uint8_t *free = now;
    now = then;
    then = free;
  }
}

/*
 * silu(gate) * up for groups [from, to) of gates, from an even one on, the first half of the outputs, whole groups, and those that they
 * gate, of the second half: to rows [first_row, end_row) of f32, or to tiles where they are not null. Memory: TILE_PANELS bytes.
 */
void KERNEL(gated_tiles)(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t first_row, int32_t end_row,
                         const float *bias, float *out, int64_t stride, uint8_t *tiles, uint8_t *panel) {
  const struct gated target = {out, stride, tiles, (w->outputs / 2 + STEP - 1) / STEP};
  tiles_begin(LANES);
  FOR_KIND(gated, w, from, to, x, first_row, end_row, bias, &target, panel)
  tiles_end();
}
