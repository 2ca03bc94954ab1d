/*
 * Causal attention over the paged cache by the online softmax: maximum m, sum of weights l and unnormalised output o,
 * rescaled when the maximum grows (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
 *
 * Tiles of 64 tokens begin at multiples of 64 and every SPAN tokens a sum of its own begins; the spans' sums are merged
 * in order. What a (row, head) pair goes through depends on its query and its context alone, so it makes no difference
 * which rows share a call, or whether spans are computed in one call or in several and merged later.
 *
 * Compiled for AVX-512 BF16, queries and weights are rounded to bf16 too, and the processor multiplies pairs of bf16.
 */
#include "kv.h"
#include "lanes.h"

#define LN_2 0.693147181f

#define PARTS 4
#define TILE (PARTS * LANES)
#define MOST_PAIRS 4
#define UNROLL _Pragma("GCC unroll 16")

/* Queries and sums of pairs: q[pair][stride], scaled and padded with zeros; o[pair][stride], l[pair][LANES], m[pair] */
struct pairs {
  float *q, *o, *l, *m;
  int stride;
};

#ifdef __AVX512BF16__
#define BF16_DOTS 1
/* acc + products of the two bf16 in each lane */
INLINE vf vf_dot_bf16(vf acc, vi a, vi b) { return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b); }
/* 32 floats as bf16, in order */
INLINE vi pack_bf16(vf first, vf second) { return (vi)_mm512_cvtne2ps_pbh(second, first); }
#else
#define BF16_DOTS 0
INLINE vf vf_dot_bf16(vf acc, vi a, vi b) {
  (void)a;
  (void)b;
  return acc;
}
INLINE vi pack_bf16(vf first, vf second) {
  (void)first;
  return vi_bits(second);
}
#endif

/* One head's tokens in parts of LANES, in the order of struct kv */
struct tile {
  const uint8_t *keys[PARTS], *values[PARTS];
  const uint8_t *next_keys[PARTS], *next_values[PARTS]; /* of the same head's next tile */
  int asks;                                             /* whether they are to be asked for */
  int width;                                            /* elements of a head, even */
};

/*
 * What comes next is asked for while this tile is computed, to the second cache. The cache of keys and values lies in pieces of a few
 * KB, too short for the processor to see a stream: without this each piece waits for memory.
 */
#define ASK_FOR(address) __builtin_prefetch((address), 0, 2)

/* Elements 2i and 2i + 1 of the keys of 16 tokens. */
INLINE void key_pair(const uint8_t *keys, int i, int is_f32, vf *first, vf *second) {
  if (is_f32) {
    *first = vf_load((const float *)keys + 2 * i * LANES);
    *second = vf_load((const float *)keys + (2 * i + 1) * LANES);
  } else {
    vi both = vi_load((const uint32_t *)keys + i * LANES);
    *first = vf_low_bf16(both);
    *second = vf_high_bf16(both);
  }
}

/* x in the first n lanes, y in the others, for any n */
INLINE vf shown(vf x, vf y, int n) { return n >= LANES ? x : n > 0 ? vf_first(x, y, n) : y; }

/*
 * Scores of bf16 are logarithms to the base 2, and as weights are rounded to 8 bits, a rougher power does; m is a natural logarithm
 * wherever sums are merged.
 */
#define BASE_2(is_f32) (BF16_DOTS && !(is_f32))
#define EXP(x, is_f32) (BASE_2(is_f32) ? vf_exp2_rough(x) : vf_exp(x))

/* out += weights * values over tokens [0, visible) of `chunks` runs of 16 elements from i on; whole: none of them lies beyond the head */
INLINE void take_values(const struct tile *t, const struct pairs *s, int pair, int n, int visible, int i, int chunks, int whole, int is_f32,
                        float weights[][TILE], const float *factors) {
  const int width = t->width;
  vf o[MOST_PAIRS][4];
  UNROLL for (int p = 0; p < n; p++) {
    UNROLL for (int c = 0; c < chunks; c++) {
      o[p][c] = vf_mul(vf_load(s->o + (pair + p) * s->stride + i + c * LANES), vf_set(factors[p]));
    }
  }
#define VALUES_AT(at, c) (whole ? vf_load((at) + (c) * LANES) : vf_load_n((at) + (c) * LANES, width - i - (c) * LANES))
  for (int part = 0; part * LANES < visible; part++) {
    const float *values = (const float *)t->values[part] + i, *next = (const float *)t->next_values[part] + i;
    const int tokens = visible - part * LANES < LANES ? visible - part * LANES : LANES;
    if (BF16_DOTS && !is_f32) {
      for (int j = 0; 2 * j < tokens; j++, values += width, next += width) {
        vi v[4];
        UNROLL for (int c = 0; c < chunks; c++) {
          v[c] = vi_bits(VALUES_AT(values, c));
          if (t->asks) ASK_FOR(next + c * LANES);
        }
        if (2 * j + 1 == tokens) { /* what lies beyond may be anything */
          UNROLL for (int c = 0; c < chunks; c++) v[c] = vi_and(v[c], vi_set(0xFFFF));
        }
        UNROLL for (int p = 0; p < n; p++) {
          vi w = vi_set(((const int32_t *)weights[p])[part * (LANES / 2) + j]);
          UNROLL for (int c = 0; c < chunks; c++) o[p][c] = vf_dot_bf16(o[p][c], v[c], w);
        }
      }
      continue;
    }
    for (int token = 0; token < tokens; token++) {
      const float *at = values + (is_f32 ? token : token / 2) * width;
      vf v[4];
      UNROLL for (int c = 0; c < chunks; c++) {
        v[c] = VALUES_AT(at, c);
        if (!is_f32) v[c] = token % 2 ? vf_high_bf16(vi_bits(v[c])) : vf_low_bf16(vi_bits(v[c]));
        if (t->asks) ASK_FOR(next + (at - values) + c * LANES);
      }
      UNROLL for (int p = 0; p < n; p++) {
        vf w = vf_set(weights[p][part * LANES + token]);
        UNROLL for (int c = 0; c < chunks; c++) o[p][c] = vf_fma(v[c], w, o[p][c]);
      }
    }
  }
  UNROLL for (int p = 0; p < n; p++) {
    UNROLL for (int c = 0; c < chunks; c++) vf_store(s->o + (pair + p) * s->stride + i + c * LANES, o[p][c]);
  }
}

/* scores[part][p] = keys of the part's tokens times the query of pair p, of which the caller gives the first */
INLINE void take_keys(const struct tile *t, const float *q, int stride, int n, int parts, int is_f32, vf scores[][MOST_PAIRS]) {
  if (BF16_DOTS && !is_f32) {
    UNROLL for (int part = 0; part < parts; part++) {
      UNROLL for (int p = 0; p < n; p++) scores[part][p] = vf_zero();
    }
    for (int i = 0; i < t->width / 2; i++) {
      vi k[PARTS];
      UNROLL for (int part = 0; part < parts; part++) {
        k[part] = vi_load((const uint32_t *)t->keys[part] + i * LANES);
        if (t->asks) ASK_FOR((const uint32_t *)t->next_keys[part] + i * LANES);
      }
      UNROLL for (int p = 0; p < n; p++) {
        vi query = vi_set(((const int32_t *)(q + p * stride))[i]);
        UNROLL for (int part = 0; part < parts; part++) scores[part][p] = vf_dot_bf16(scores[part][p], k[part], query);
      }
    }
    return;
  }
  UNROLL for (int part = 0; part < parts; part++) {
    vf even[MOST_PAIRS], odd[MOST_PAIRS];
    UNROLL for (int p = 0; p < n; p++) even[p] = odd[p] = vf_zero();
    for (int i = 0; i < t->width / 2; i++) {
      vf first, second;
      key_pair(t->keys[part], i, is_f32, &first, &second);
      if (t->asks) {
        ASK_FOR(t->next_keys[part] + (is_f32 ? 2 : 1) * i * 64);
        if (is_f32) ASK_FOR(t->next_keys[part] + (2 * i + 1) * 64);
      }
      UNROLL for (int p = 0; p < n; p++) {
        even[p] = vf_fma(first, vf_set(q[p * stride + 2 * i]), even[p]);
        odd[p] = vf_fma(second, vf_set(q[p * stride + 2 * i + 1]), odd[p]);
      }
    }
    UNROLL for (int p = 0; p < n; p++) scores[part][p] = vf_add(even[p], odd[p]);
  }
}

/* Takes the first `visible` tokens of a tile, none of them beyond `parts`, into `n` pairs, from `pair` on. */
INLINE void update_pairs(const struct tile *t, const struct pairs *s, int pair, int n, int visible, int parts, int is_f32) {
  vf scores[PARTS][MOST_PAIRS];
  float weights[MOST_PAIRS][TILE], factors[LANES] = {0};
  take_keys(t, s->q + pair * s->stride, s->stride, n, parts, is_f32, scores);
  const int some_hidden = visible < parts * LANES;
  UNROLL for (int p = 0; p < n; p++) {
    if (some_hidden) {
      UNROLL for (int part = 0; part < parts; part++) scores[part][p] = shown(scores[part][p], vf_set(-INFINITY), visible - part * LANES);
    }
    vf largest = scores[0][p];
    UNROLL for (int part = 1; part < parts; part++) largest = vf_max(largest, scores[part][p]);
    float before = s->m[pair + p], max = vf_largest(largest);
    max = before > max ? before : max;
    s->m[pair + p] = max;
    factors[p] = before - max;
  }
  vf_store(factors, EXP(vf_load(factors), is_f32));
  UNROLL for (int p = 0; p < n; p++) {
    vf max = vf_set(s->m[pair + p]), sums[PARTS];
    UNROLL for (int part = 0; part < parts; part++) {
      sums[part] = EXP(vf_sub(scores[part][p], max), is_f32);
      if (some_hidden) sums[part] = shown(sums[part], vf_zero(), visible - part * LANES);
    }
    if (BF16_DOTS && !is_f32) {
      UNROLL for (int part = 0; part < parts; part += 2) {
        vi both = pack_bf16(sums[part], sums[part + 1]);
        vf_store(weights[p] + part * (LANES / 2), vf_bits(both));
        sums[part] = vf_low_bf16(both); /* the sum is that of the rounded weights */
        sums[part + 1] = vf_high_bf16(both);
      }
    } else {
      UNROLL for (int part = 0; part < parts; part++) vf_store(weights[p] + part * LANES, sums[part]);
    }
    vf sum = vf_add(sums[0], sums[1]);
    if (parts == PARTS) sum = vf_add(sum, vf_add(sums[2], sums[3]));
    float *l = s->l + (pair + p) * LANES;
    vf_store(l, vf_fma(vf_load(l), vf_set(factors[p]), sum));
  }
  int i = 0;
  for (; i + 4 * LANES <= t->width; i += 4 * LANES) take_values(t, s, pair, n, visible, i, 4, 1, is_f32, weights, factors);
  for (; i < s->stride; i += LANES) take_values(t, s, pair, n, visible, i, 1, 0, is_f32, weights, factors);
}

/* Two parts give the same as four of which nobody sees the last two. */
#define UPDATE(name, is_f32)                                                                                          \
  static __attribute__((noinline)) void name(const struct tile *t, const struct pairs *s, int pair, int n, int visible) { \
    switch (2 * n + (visible > TILE / 2)) {                                                                           \
      UPDATE_CASE(1, is_f32) UPDATE_CASE(2, is_f32) UPDATE_CASE(3, is_f32) UPDATE_CASE(4, is_f32)                     \
    }                                                                                                                 \
  }
#define UPDATE_CASE(n, is_f32)                                       \
  case 2 * n:                                                        \
    update_pairs(t, s, pair, n, visible, PARTS / 2, is_f32);         \
    break;                                                           \
  case 2 * n + 1:                                                    \
    update_pairs(t, s, pair, n, visible, PARTS, is_f32);             \
    break;
UPDATE(update_f32, 1)
UPDATE(update_bf16, 0)

/* Where the 16 tokens from position `from` on are; copied together where blocks are not whole groups of 16. */
static const uint8_t *group(const struct kv *kv, int head, int side, const int32_t *blocks, int from, int tokens, uint8_t *copy) {
  if (kv->block_size % LANES == 0) {
    return kv_head(kv, blocks[from / kv->block_size], side, head) + from % kv->block_size / LANES * kv_group_bytes(kv);
  }
  const int bytes = kv->is_f32 ? 4 : 2;
  for (int t = 0; t < tokens; t++) {
    uint8_t *source = kv_head(kv, blocks[(from + t) / kv->block_size], side, head);
    for (int i = 0; i < kv_width(kv); i++) {
      uint8_t *a = kv_element(kv, copy, side, t, i), *b = kv_element(kv, source, side, (from + t) % kv->block_size, i);
      for (int k = 0; k < bytes; k++) a[k] = b[k];
    }
  }
  return copy;
}

static void clear(struct pairs *s, int count) {
  for (int p = 0; p < count; p++) s->m[p] = -INFINITY;
  for (int i = 0; i < count * LANES; i++) s->l[i] = 0;
  for (int i = 0; i < count * s->stride; i++) s->o[i] = 0;
}

/* (m, l, o) of a span taken into the sums of the spans before it */
static void merge(float *m, float *l, float *o, float span_m, float span_l, const float *span_o, int n) {
  if (span_l == 0) return; /* nothing was visible */
  float max = *m > span_m || span_m != span_m ? *m : span_m;
  float before = *m == max ? 1.0f : *m == -INFINITY ? 0.0f : vf_lane(vf_exp(vf_set(*m - max)));
  float now = span_m == max ? 1.0f : vf_lane(vf_exp(vf_set(span_m - max)));
  *l = *l * before + span_l * now;
  for (int i = 0; i < n; i += LANES) {
    vf sum = vf_fma(vf_load_n(span_o + i, n - i), vf_set(now), vf_mul(vf_load_n(o + i, n - i), vf_set(before)));
    vf_store_n(o + i, sum, n - i);
  }
  *m = max;
}

/* The pairs from p on. */
INLINE struct pairs from_pair(const struct pairs *s, int p) {
  return (struct pairs){s->q + p * s->stride, s->o + p * s->stride, s->l + p * LANES, s->m + p, s->stride};
}

/* Queries of `count` pairs, `heads` a row, scaled, and rounded if they are to be. */
static void take_queries(const float *q, int64_t q_stride, int heads, int head_dim, float scale, int rounded, const struct pairs *to, int count) {
  const int stride = to->stride;
  for (int p = 0; p < count; p++) {
    const float *query = q + p / heads * q_stride + p % heads * head_dim;
    float *target = to->q + p * stride;
    for (int i = 0; i < stride; i += LANES) vf_store(target + i, vf_mul(vf_load_n(query + i, head_dim - i), vf_set(scale)));
    if (!rounded) continue;
    for (int i = 0; i < stride; i += 2 * LANES) { /* in place: they take half the room */
      vf second = i + LANES < stride ? vf_load(target + i + LANES) : vf_zero();
      vf_store(target + i / 2, vf_bits(pack_bf16(vf_load(target + i), second)));
    }
  }
}

/* Where the keys and values of the tile from position `from` on are, as far as position `last`. */
static void find(const struct kv *kv, int head, const int32_t *blocks, int from, int last, uint8_t *copies, const uint8_t *keys[PARTS],
                 const uint8_t *values[PARTS]) {
  for (int part = 0; part < PARTS; part++) {
    int at = from + part * LANES, tokens = last + 1 - at < LANES ? last + 1 - at : LANES;
    if (tokens <= 0) { /* nobody sees it */
      keys[part] = keys[0];
      values[part] = values[0];
    } else {
      uint8_t *copy = copies + part * 2 * kv_group_bytes(kv);
      keys[part] = group(kv, head, KEYS, blocks, at, tokens, copy);
      values[part] = group(kv, head, VALUES, blocks, at, tokens, copy + kv_group_bytes(kv));
    }
  }
}

static struct tile tile_at(const struct kv *kv, int head, const int32_t *blocks, int from, int last, uint8_t *copies) {
  struct tile tile = {.width = kv_width(kv)};
  find(kv, head, blocks, from, last, copies, tile.keys, tile.values);
  tile.asks = kv->block_size % LANES == 0 && from + TILE <= last;
  if (tile.asks) find(kv, head, blocks, from + TILE, last, copies, tile.next_keys, tile.next_values);
  return tile;
}

/* Takes a tile into the pairs of one KV head, `heads` a row, that see some of it; only the first few ask for what comes next. */
static void take_tile(struct tile *tile, int from, int first_position, int rows, int heads, int is_f32, const struct pairs *pairs) {
  const int count = rows * heads, first_row = from > first_position ? from - first_position : 0;
  for (int pair = first_row * heads; pair < count;) {
    int row = pair / heads, visible = first_position + row + 1 - from;
    int n = visible >= TILE ? count - pair : (row + 1) * heads - pair; /* pairs that see as much */
    if (n > MOST_PAIRS) n = MOST_PAIRS;
    (is_f32 ? update_f32 : update_bf16)(tile, pairs, pair, n, visible < TILE ? visible : TILE);
    pair += n;
    tile->asks = 0;
  }
}

#ifdef __AMX_BF16__
#include "attention_tiles.h"
#endif

/*
 * Rows at positions first_position … of one sequence, kv_heads KV heads from first_kv_head on with the query heads of each, `heads`.
 *
 * All heads in one call read the cache in the order in which it lies, which is worth more than anything else where there are few rows.
 *
 * span < 0: all spans, results to out. Otherwise that span alone, its sums to
 * partials[((row * all_heads + head) * spans + span) * (head_dim + 2)]: m, l, o.
 */
void KERNEL(attention)(const float *queries, int64_t q_stride, const struct kv *kv, const int32_t *blocks, int32_t rows, int32_t first_position,
                       int32_t first_kv_head, int32_t kv_heads, int32_t heads, float scale, float *out, int64_t out_stride, int32_t span,
                       int32_t spans, int32_t all_heads, float *partials, float *scratch) {
#ifdef __AMX_BF16__
  if (tiles_fit(kv)) {
    attention_on_tiles(queries, q_stride, kv, blocks, rows, first_position, first_kv_head, kv_heads, heads, scale, out, out_stride, span, spans,
                       all_heads, partials, scratch);
    return;
  }
#endif
  const int head_dim = kv->head_dim, stride = (head_dim + LANES - 1) / LANES * LANES, count = rows * heads, all_count = count * kv_heads;
  const int last = first_position + rows - 1, base_2 = BASE_2(kv->is_f32);
  uint8_t *copies = (uint8_t *)scratch; /* of a tile's keys and values, 2 * TILE * (head_dim + 1) elements */
  float *q = scratch + 2 * TILE * (stride + 1), *o = q + all_count * stride, *l = o + all_count * stride;
  float *all_o = l + all_count * LANES, *m = all_o + all_count * stride, *all_m = m + all_count, *all_l = all_m + all_count;
  struct pairs now = {q, o, l, m, stride};
  for (int h = 0; h < kv_heads; h++) {
    struct pairs pairs = from_pair(&now, h * count);
    take_queries(queries + (first_kv_head + h) * heads * head_dim, q_stride, heads, head_dim, base_2 ? scale * LOG2_E : scale, base_2, &pairs, count);
  }
  for (int p = 0; p < all_count; p++) {
    all_m[p] = -INFINITY;
    all_l[p] = 0;
    for (int i = 0; i < stride; i++) all_o[p * stride + i] = 0;
  }
  for (int start = span < 0 ? 0 : span * SPAN; start <= last; start += SPAN) {
    clear(&now, all_count);
    for (int from = start; from <= last && from < start + SPAN; from += TILE) {
      for (int h = 0; h < kv_heads; h++) {
        struct pairs pairs = from_pair(&now, h * count);
        struct tile tile = tile_at(kv, first_kv_head + h, blocks, from, last, copies);
        take_tile(&tile, from, first_position, rows, heads, kv->is_f32, &pairs);
      }
    }
    for (int p = 0; p < all_count; p++) {
      float span_m = base_2 ? m[p] * LN_2 : m[p], span_l = vf_sum(vf_load(l + p * LANES));
      if (span < 0) {
        merge(all_m + p, all_l + p, all_o + p * stride, span_m, span_l, o + p * stride, head_dim);
      } else {
        int row = p % count / heads, head = (first_kv_head + p / count) * heads + p % heads;
        float *target = partials + (((int64_t)row * all_heads + head) * spans + span) * (head_dim + 2);
        target[0] = span_m;
        target[1] = span_l;
        for (int i = 0; i < head_dim; i++) target[2 + i] = o[p * stride + i];
      }
    }
    if (span >= 0) return;
  }
  for (int p = 0; p < all_count; p++) {
    int row = p % count / heads, head = (first_kv_head + p / count) * heads + p % heads;
    float *target = out + row * out_stride + head * head_dim;
    for (int i = 0; i < head_dim; i++) target[i] = all_o[p * stride + i] / all_l[p];
  }
}

/* Merges the spans of each (row, head) and normalises; what out holds before does not matter. */
void KERNEL(merge_spans)(const float *partials, int32_t rows, int32_t heads, int32_t spans, int32_t head_dim, float *out,
                         int64_t out_stride) {
  for (int pair = 0; pair < rows * heads; pair++) {
    const float *span = partials + (int64_t)pair * spans * (head_dim + 2);
    float *o = out + pair / heads * out_stride + pair % heads * head_dim;
    float m = -INFINITY, l = 0;
    for (int i = 0; i < head_dim; i++) o[i] = 0;
    for (int s = 0; s < spans; s++, span += head_dim + 2) merge(&m, &l, o, span[0], span[1], span + 2, head_dim);
    for (int i = 0; i < head_dim; i++) o[i] = o[i] / l;
  }
}
