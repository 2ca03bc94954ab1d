/*
 * Products of many rows on AMX tiles: activations and weights are rounded to bf16, sums are f32. Weights are unpacked a few outputs
 * at a time into the second cache, where all rows pass them. A row's sums depend on the row and the weight alone.
 */
#include "tiles.h"
#include "kernels.h"
#include "lanes.h"
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

/* Rows [16 * from, 16 * to) of `rows` as tiles [row group][inputs / 32, rounded up][16][32]; rows and inputs that are not there are zero. */
void KERNEL(narrow_tiles)(const float *x, int64_t stride, int32_t rows, int32_t inputs, int32_t from, int32_t to, uint8_t *target) {
  const int steps = (inputs + STEP - 1) / STEP;
  for (int r = from * LANES; r < to * LANES; r++) {
    uint8_t *tile = target + (int64_t)(r / LANES) * steps * TILE_BYTES + r % LANES * TILE_ROW_BYTES;
    const float *row = x + r * stride;
    for (int s = 0; s < steps; s++, tile += TILE_BYTES) {
      const int n = r < rows ? inputs - s * STEP : 0;
      vf first = n >= LANES ? vf_load(row + s * STEP) : n > 0 ? vf_load_first(row + s * STEP, n) : vf_zero();
      vf second = n >= STEP ? vf_load(row + s * STEP + LANES) : n > LANES ? vf_load_first(row + s * STEP + LANES, n - LANES) : vf_zero();
      _mm512_store_si512(tile, (vi)_mm512_cvtne2ps_pbh(second, first));
    }
  }
}

/* 32 inputs of 16 outputs of a quantised weight as a tile: 16 rows of one lane an output, two inputs in it. */
INLINE void unpack_q(const uint8_t *block, int kind, int has_minimum, int wide, vf offset, uint8_t *tile) {
  const int factor_bytes = (wide ? 4 : 2) * LANES, runs = kind == BYTES_BY_16 ? 2 : 1;
  const uint8_t *factors = block + (kind == NIBBLES ? 256 : 512);
  vf s = load_factors(factors, wide);
  const vf m = has_minimum ? load_factors(factors + runs * factor_bytes, wide) : vf_zero();
  UNROLL for (int i = 0; i < 8; i++) {
    vi codes;
    if (kind == NIBBLES) {
      vi both = vi_load(block + 64 * (i & 3));
      codes = vi_and(i < 4 ? both : vi_shift_right(both, 4), vi_set(0x0F0F0F0F));
    } else {
      codes = vi_load(block + 64 * i);
    }
    if (runs == 2 && i == 4) s = load_factors(factors + factor_bytes, wide);
#define MEANING(j) vf_fma(has_minimum ? CODE(codes, j) : vf_add(CODE(codes, j), offset), s, m)
    _mm512_store_si512(tile + 128 * i, pair_bf16(MEANING(0), MEANING(1)));
    _mm512_store_si512(tile + 128 * i + 64, pair_bf16(MEANING(2), MEANING(3)));
  }
}

/* As unpack_q for the first n of 32 inputs of a plain weight; further ones are zero. */
INLINE void unpack_plain(const uint8_t *inputs, int kind, int n, uint8_t *tile) {
#define PLAIN(k)                                                                    \
  ((k) >= n          ? vf_zero()                                                    \
   : kind == FLOATS  ? vf_load((const float *)inputs + (k) * LANES)                 \
   : kind == HALVES  ? vf_from_f16((const uint16_t *)inputs + (k) * LANES)          \
                     : vf_from_bf16((const uint16_t *)inputs + (k) * LANES))
  for (int k = 0; k < STEP; k += 2) _mm512_store_si512(tile + 32 * k, pair_bf16(PLAIN(k), PLAIN(k + 1)));
}

/* Steps [from, to) of a group into every other tile of a panel; zeros if there is no such group. */
static void unpack(const struct weight *w, int group, int from, int to, uint8_t *panel) {
  if (group * LANES >= w->outputs) {
    for (int s = from; s < to; s++, panel += 2 * TILE_BYTES) __builtin_memset(panel, 0, TILE_BYTES);
    return;
  }
  const uint8_t *data = w->data + group * w->group_bytes;
  if (w->kind >= FLOATS) {
    const int bytes = (w->kind == FLOATS ? 4 : 2) * LANES;
    for (int s = from; s < to; s++, panel += 2 * TILE_BYTES) {
      unpack_plain(data + (int64_t)s * STEP * bytes, w->kind, w->inputs - s * STEP, panel);
    }
    return;
  }
  const uint8_t *block = data + (int64_t)from * w->block_bytes;
  const vf offset = vf_set((float)-w->offset);
#define UNPACK(kind, has_minimum, wide)                                                           \
  for (int s = from; s < to; s++, block += w->block_bytes, panel += 2 * TILE_BYTES) {            \
    unpack_q(block, kind, has_minimum, wide, offset, panel);                                      \
  }
  switch (w->kind * 4 + w->has_minimum * 2 + w->wide) {
    case NIBBLES * 4: UNPACK(NIBBLES, 0, 0) break;
    case NIBBLES * 4 + 2: UNPACK(NIBBLES, 1, 0) break;
    case NIBBLES * 4 + 3: UNPACK(NIBBLES, 1, 1) break;
    case BYTES * 4: UNPACK(BYTES, 0, 0) break;
    case BYTES * 4 + 2: UNPACK(BYTES, 1, 0) break;
    case BYTES * 4 + 3: UNPACK(BYTES, 1, 1) break;
    default: UNPACK(BYTES_BY_16, 0, 1)
  }
}

/* Sums of a pair of row groups, or of one, and a panel of 32 outputs: four tiles of [16][16], row groups first. */
INLINE void multiply(const uint8_t *x, int64_t group_bytes, int both, const uint8_t *panel, int steps, float *sums) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int s = 0; s < steps; s++, x += TILE_BYTES, panel += 2 * TILE_BYTES) {
    _tile_loadd(4, x, TILE_ROW_BYTES);
    _tile_stream_loadd(6, panel, TILE_ROW_BYTES); /* past the first cache, which keeps the rows for the next panel */
    _tile_stream_loadd(7, panel + TILE_BYTES, TILE_ROW_BYTES);
    if (both) _tile_loadd(5, x + group_bytes, TILE_ROW_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (both) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums, TILE_ROW_BYTES);
  _tile_stored(1, sums + 256, TILE_ROW_BYTES);
  if (both) {
    _tile_stored(2, sums + 512, TILE_ROW_BYTES);
    _tile_stored(3, sums + 768, TILE_ROW_BYTES);
  }
}

static void multiply_pair(const uint8_t *x, int64_t group_bytes, int both, const uint8_t *panel, int steps, float *sums) {
  if (both) {
    multiply(x, group_bytes, 1, panel, steps, sums);
  } else {
    multiply(x, group_bytes, 0, panel, steps, sums);
  }
}

/* Row r < 32 and outputs 16 * c … of a pair's sums. */
INLINE vf sums_of(const float *sums, int r, int c) { return vf_load(sums + (r / LANES * 2 + c) * 256 + r % LANES * LANES); }

/* 32 outputs of n rows, all of which there are. */
INLINE void store_pair(const float *sums, int n, float *out, int64_t stride, const float *bias, int add) {
  const vf b0 = bias ? vf_load(bias) : vf_zero(), b1 = bias ? vf_load(bias + LANES) : vf_zero();
  for (int r = 0; r < n; r++, out += stride) {
    vf v0 = sums_of(sums, r, 0), v1 = sums_of(sums, r, 1);
    if (bias) v0 = vf_add(v0, b0), v1 = vf_add(v1, b1);
    if (add) v0 = vf_add(vf_load(out), v0), v1 = vf_add(vf_load(out + LANES), v1);
    vf_store(out, v0);
    vf_store(out + LANES, v1);
  }
}

/* n rows of a pair's sums to the result; the first of one or two groups of outputs is group g of the weight's. */
static void finish_pair(const struct sums *to, const float *sums, int row, int n, int g, int groups, int outputs) {
  float *out = to->out + row * to->stride + g * LANES;
  const float *bias = to->bias ? to->bias + g * LANES : 0;
  if (groups == 1 || (g + 2) * LANES > outputs) {
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < groups; c++) finish(to, row + r, (g + c) * LANES, outputs - (g + c) * LANES, sums_of(sums, r, c));
    }
  } else if (bias) {
    store_pair(sums, n, out, to->stride, bias, to->add);
  } else if (to->add) {
    store_pair(sums, n, out, to->stride, 0, 1);
  } else {
    store_pair(sums, n, out, to->stride, 0, 0);
  }
}

/*
 * Groups [from, to) of a weight, as many as are even but for the last, with rows that `narrow` made. Panel: TILE_PANEL bytes.
 * More inputs than TILE_STEPS tiles are added in several runs, so that the rows of a pair stay in the first cache.
 */
void KERNEL(product_tiles)(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t rows, float *out, int64_t stride,
                     const float *bias, int32_t add, uint8_t *panel) {
  const int all = (w->inputs + STEP - 1) / STEP, runs = (all + TILE_STEPS - 1) / TILE_STEPS, most_steps = (all + runs - 1) / runs;
  const int64_t group_bytes = (int64_t)all * TILE_BYTES;
  float sums[4 * 256] __attribute__((aligned(64)));
  tiles_begin(LANES);
  for (int first = 0; first < all; first += most_steps) {
    const int steps = all - first < most_steps ? all - first : most_steps, pair_bytes = steps * 2 * TILE_BYTES;
    const int most = 2 * (TILE_PANEL(w->inputs) / pair_bytes);
    const struct sums target = {out, stride, first ? 0 : bias, first ? 1 : add, 0};
    for (int chunk = from, end; chunk < to; chunk = end) {
      end = to - chunk < most ? to : chunk + most;
      for (int g = chunk; g < end; g++) unpack(w, g, first, first + steps, panel + (g - chunk) / 2 * pair_bytes + (g - chunk) % 2 * TILE_BYTES);
      if ((end - chunk) % 2) unpack(w, w->outputs, first, first + steps, panel + (end - chunk) / 2 * pair_bytes + TILE_BYTES);
      tiles_see_stores();
      for (int row = 0; row < rows; row += PAIR) {
        const int n = rows - row < PAIR ? rows - row : PAIR;
        for (int g = chunk; g < end; g += 2) {
          multiply_pair(x + row / LANES * group_bytes + first * TILE_BYTES, group_bytes, n > LANES, panel + (g - chunk) / 2 * pair_bytes, steps, sums);
          finish_pair(&target, sums, row, n, g, end - g < 2 ? 1 : 2, w->outputs);
        }
      }
    }
  }
  tiles_end();
}

/* sums_of with their bias. */
INLINE vf biased(const float *sums, int r, int c, const float *bias, int output) {
  vf v = sums_of(sums, r, c);
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

/*
 * silu(gate) * up for groups [from, to) of gates, from an even one on, the first half of the outputs, whole groups, and those that they
 * gate, of the second half: to rows of f32, or to tiles where they are not null. Panel: TILE_PANEL bytes.
 */
void KERNEL(gated_tiles)(const struct weight *w, int32_t from, int32_t to, const uint8_t *x, int32_t rows, const float *bias, float *out,
                         int64_t stride, uint8_t *tiles, uint8_t *panel) {
  const struct gated target = {out, stride, tiles, (w->outputs / 2 + STEP - 1) / STEP};
  const int steps = (w->inputs + STEP - 1) / STEP, half = w->outputs / 2 / LANES, pair_bytes = steps * 2 * TILE_BYTES;
  const int64_t group_bytes = (int64_t)steps * TILE_BYTES;
  const int most = 2 * (TILE_PANEL(w->inputs) / (2 * pair_bytes));
  float gates[4 * 256] __attribute__((aligned(64))), ups[4 * 256] __attribute__((aligned(64)));
  tiles_begin(LANES);
  for (int chunk = from, end; chunk < to; chunk = end) {
    end = to - chunk < most ? to : chunk + most;
    for (int i = 0; i < (end - chunk + 1) / 2 * 2; i++) {
      uint8_t *at = panel + i / 2 * 2 * pair_bytes + i % 2 * TILE_BYTES;
      const int g = chunk + i < end ? chunk + i : 2 * half; /* beyond the last: zeros */
      unpack(w, g, 0, steps, at);
      unpack(w, g + half, 0, steps, at + pair_bytes);
    }
    tiles_see_stores();
    for (int row = 0; row < rows; row += PAIR) {
      const int n = rows - row < PAIR ? rows - row : PAIR;
      const uint8_t *a = x + row / LANES * group_bytes, *b = panel;
      for (int g = chunk; g < end; g += 2, b += 2 * pair_bytes) {
        multiply_pair(a, group_bytes, n > LANES, b, steps, gates);
        multiply_pair(a, group_bytes, n > LANES, b + pair_bytes, steps, ups);
        const int columns = end - g < 2 ? 1 : 2;
        for (int r = 0; r < n; r++) {
          vf both[2] = {vf_zero(), vf_zero()};
          for (int c = 0; c < columns; c++) {
            vf gate = biased(gates, r, c, bias, (g + c) * LANES), up = biased(ups, r, c, bias, (half + g + c) * LANES);
            both[c] = silu_mul(gate, up);
          }
          store_gated(&target, row + r, g, columns, both[0], both[1]);
        }
      }
    }
  }
  tiles_end();
}
