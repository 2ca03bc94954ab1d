/*
 * Causal attention over the paged cache by the online softmax: maximum m, sum of weights l and unnormalised output o,
 * rescaled when the maximum grows (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
 *
 * Tiles of 32 tokens begin at multiples of 32 and every SPAN tokens a sum of its own begins; the spans' sums are merged
 * in order. What a (row, head) pair goes through depends on its query and its context alone, so it makes no difference
 * which rows share a call, or whether spans are computed in one call or in several and merged later.
 *
 * Compiled for AVX-512 BF16, queries and weights are rounded to bf16 too, and the processor multiplies pairs of bf16.
 */
#include "kv.h"
#include "lanes.h"

#define HALF LANES
#define TILE (2 * HALF)
#define MOST_PAIRS 4
#define UNROLL _Pragma("GCC unroll 16")

/* Queries and sums of pairs: q[pair][stride], scaled and padded with zeros; o[pair][stride], m[pair], l[pair] */
struct pairs {
  float *q, *o, *m, *l;
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

/* One head's tokens of two half tiles, in the order of struct kv */
struct tile {
  const uint8_t *keys[2], *values[2];
  const uint8_t *next_keys[2], *next_values[2]; /* of the same head's next tile */
  int width;                                    /* elements of a head, even */
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

/* 16 elements from i on of tokens 2j and 2j + 1, zeros beyond `width`. */
INLINE void value_pair(const uint8_t *values, int j, int i, int width, int is_f32, vf *first, vf *second) {
  int n = width - i;
  if (is_f32) {
    *first = vf_load_n((const float *)values + 2 * j * width + i, n);
    *second = vf_load_n((const float *)values + (2 * j + 1) * width + i, n);
  } else {
    vf both = vf_load_n((const float *)values + j * width + i, n);
    *first = vf_low_bf16(vi_bits(both));
    *second = vf_high_bf16(vi_bits(both));
  }
}

/* out += weights * values over tokens [0, visible) of `chunks` runs of 16 elements from i on */
INLINE void take_values(const struct tile *t, const struct pairs *s, int pair, int n, int visible, int i, int chunks, int is_f32,
                        float weights[][TILE], const float *factors) {
  vf o[MOST_PAIRS][4];
  UNROLL for (int p = 0; p < n; p++) {
    UNROLL for (int c = 0; c < chunks; c++) {
      o[p][c] = vf_mul(vf_load(s->o + (pair + p) * s->stride + i + c * LANES), vf_set(factors[p]));
    }
  }
  for (int j = 0; 2 * j < visible; j++) {
    const uint8_t *values = t->values[j >= HALF / 2], *next = t->next_values[j >= HALF / 2];
    const int both = 2 * j + 1 < visible;
    UNROLL for (int c = 0; c < chunks; c++) {
      int64_t at = (is_f32 ? 2 : 1) * (int64_t)(j % (HALF / 2)) * t->width + i + c * LANES;
      ASK_FOR(next + 4 * at);
      if (is_f32) ASK_FOR(next + 4 * (at + t->width));
    }
    if (BF16_DOTS && !is_f32) {
      UNROLL for (int c = 0; c < chunks; c++) {
        int at = i + c * LANES;
        vi v = vi_bits(vf_load_n((const float *)values + j % (HALF / 2) * t->width + at, t->width - at));
        if (!both) v = vi_and(v, vi_set(0xFFFF)); /* what lies beyond may be anything */
        UNROLL for (int p = 0; p < n; p++) o[p][c] = vf_dot_bf16(o[p][c], v, vi_set(((const int32_t *)weights[p])[j]));
      }
      continue;
    }
    vf first[4], second[4];
    UNROLL for (int c = 0; c < chunks; c++) value_pair(values, j % (HALF / 2), i + c * LANES, t->width, is_f32, first + c, second + c);
    UNROLL for (int p = 0; p < n; p++) {
      vf w = vf_set(weights[p][2 * j]);
      UNROLL for (int c = 0; c < chunks; c++) o[p][c] = vf_fma(first[c], w, o[p][c]);
    }
    if (!both) break; /* what lies beyond may be anything */
    UNROLL for (int p = 0; p < n; p++) {
      vf w = vf_set(weights[p][2 * j + 1]);
      UNROLL for (int c = 0; c < chunks; c++) o[p][c] = vf_fma(second[c], w, o[p][c]);
    }
  }
  UNROLL for (int p = 0; p < n; p++) {
    UNROLL for (int c = 0; c < chunks; c++) vf_store(s->o + (pair + p) * s->stride + i + c * LANES, o[p][c]);
  }
}

/* Takes the first `visible` tokens of a tile into `n` pairs, from `pair` on. */
INLINE void update_pairs(const struct tile *t, const struct pairs *s, int pair, int n, int visible, int is_f32) {
  vf even[2][MOST_PAIRS], odd[2][MOST_PAIRS];
  float weights[MOST_PAIRS][TILE], factors[MOST_PAIRS];
  const float *q = s->q + pair * s->stride;
  UNROLL for (int p = 0; p < n; p++) even[0][p] = even[1][p] = odd[0][p] = odd[1][p] = vf_zero();
  for (int i = 0; i < t->width / 2; i++) {
    UNROLL for (int half = 0; half < 2; half++) {
      ASK_FOR(t->next_keys[half] + (is_f32 ? 2 : 1) * i * 64);
      if (is_f32) ASK_FOR(t->next_keys[half] + (2 * i + 1) * 64);
      if (BF16_DOTS && !is_f32) {
        vi k = vi_load((const uint32_t *)t->keys[half] + i * LANES);
        UNROLL for (int p = 0; p < n; p++) even[half][p] = vf_dot_bf16(even[half][p], k, vi_set(((const int32_t *)(q + p * s->stride))[i]));
        continue;
      }
      vf first, second;
      key_pair(t->keys[half], i, is_f32, &first, &second);
      UNROLL for (int p = 0; p < n; p++) {
        even[half][p] = vf_fma(first, vf_set(q[p * s->stride + 2 * i]), even[half][p]);
        odd[half][p] = vf_fma(second, vf_set(q[p * s->stride + 2 * i + 1]), odd[half][p]);
      }
    }
  }
  vf hidden = vf_set(-INFINITY);
  int first = visible < HALF ? visible : HALF, second = visible - HALF;
  UNROLL for (int p = 0; p < n; p++) {
    vf a = vf_add(even[0][p], odd[0][p]), b = vf_add(even[1][p], odd[1][p]);
    if (visible < TILE) {
      a = vf_first(a, hidden, first);
      b = second > 0 ? vf_first(b, hidden, second) : hidden;
    }
    float before = s->m[pair + p], max = vf_largest(vf_max(a, b));
    max = before > max ? before : max;
    s->m[pair + p] = max;
    a = vf_exp(vf_sub(a, vf_set(max)));
    b = vf_exp(vf_sub(b, vf_set(max)));
    if (visible < TILE) {
      a = vf_first(a, vf_zero(), first);
      b = second > 0 ? vf_first(b, vf_zero(), second) : vf_zero();
    }
    if (BF16_DOTS && !is_f32) {
      vi both = pack_bf16(a, b);
      vf_store(weights[p], vf_bits(both));
      a = vf_low_bf16(both); /* the sum is that of the rounded weights */
      b = vf_high_bf16(both);
    } else {
      vf_store(weights[p], a);
      vf_store(weights[p] + HALF, b);
    }
    factors[p] = before == max ? 1.0f : before == -INFINITY ? 0.0f : vf_lane(vf_exp(vf_set(before - max)));
    s->l[pair + p] = s->l[pair + p] * factors[p] + vf_sum(vf_add(a, b));
  }
  int i = 0;
  for (; i + 4 * LANES <= s->stride; i += 4 * LANES) take_values(t, s, pair, n, visible, i, 4, is_f32, weights, factors);
  for (; i < s->stride; i += LANES) take_values(t, s, pair, n, visible, i, 1, is_f32, weights, factors);
}

#define UPDATE(name, is_f32)                                                                                          \
  static __attribute__((noinline)) void name(const struct tile *t, const struct pairs *s, int pair, int n, int visible) { \
    switch (n) {                                                                                                      \
      case 1:                                                                                                         \
        update_pairs(t, s, pair, 1, visible, is_f32);                                                                 \
        break;                                                                                                        \
      case 2:                                                                                                         \
        update_pairs(t, s, pair, 2, visible, is_f32);                                                                 \
        break;                                                                                                        \
      case 3:                                                                                                         \
        update_pairs(t, s, pair, 3, visible, is_f32);                                                                 \
        break;                                                                                                        \
      default:                                                                                                        \
        update_pairs(t, s, pair, 4, visible, is_f32);                                                                 \
    }                                                                                                                 \
  }
UPDATE(update_f32, 1)
UPDATE(update_bf16, 0)

/* Where the 16 tokens from position `from` on are; copied together where blocks are not whole groups of 16. */
static const uint8_t *group(const struct kv *kv, int head, int side, const int32_t *blocks, int from, int tokens, uint8_t *copy) {
  if (kv->block_size % HALF == 0) {
    return kv_head(kv, blocks[from / kv->block_size], side, head) + from % kv->block_size / HALF * kv_group_bytes(kv);
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
  for (int p = 0; p < count; p++) {
    s->m[p] = -INFINITY;
    s->l[p] = 0;
  }
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
  return (struct pairs){s->q + p * s->stride, s->o + p * s->stride, s->m + p, s->l + p, s->stride};
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

/* Where the keys and values of 32 tokens from position `from` on are, as far as position `last`. */
static void find(const struct kv *kv, int head, const int32_t *blocks, int from, int last, uint8_t *copies, const uint8_t *keys[2],
                 const uint8_t *values[2]) {
  for (int half = 0; half < 2; half++) {
    int at = from + half * HALF, tokens = last + 1 - at < HALF ? last + 1 - at : HALF;
    if (tokens <= 0) { /* nobody sees it */
      keys[half] = keys[0];
      values[half] = values[0];
    } else {
      uint8_t *copy = copies + half * 2 * kv_group_bytes(kv);
      keys[half] = group(kv, head, KEYS, blocks, at, tokens, copy);
      values[half] = group(kv, head, VALUES, blocks, at, tokens, copy + kv_group_bytes(kv));
    }
  }
}

/* Nothing is to be asked for. */
static void nothing_next(struct tile *tile) {
  for (int half = 0; half < 2; half++) {
    tile->next_keys[half] = tile->keys[half];
    tile->next_values[half] = tile->values[half];
  }
}

static struct tile tile_at(const struct kv *kv, int head, const int32_t *blocks, int from, int last, uint8_t *copies) {
  struct tile tile = {.width = kv_width(kv)};
  find(kv, head, blocks, from, last, copies, tile.keys, tile.values);
  if (kv->block_size % HALF == 0 && from + TILE <= last) {
    find(kv, head, blocks, from + TILE, last, copies, tile.next_keys, tile.next_values);
  } else {
    nothing_next(&tile);
  }
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
    nothing_next(tile);
  }
}

/*
 * Rows at positions first_position … of one sequence, kv_heads KV heads from first_kv_head on with the query heads of each, `heads`.
 *
 * All heads in one call read the cache in the order in which it lies, which is worth more than anything else where there are few rows.
 *
 * span < 0: all spans, results to out. Otherwise that span alone, its sums to
 * partials[((row * all_heads + head) * spans + span) * (head_dim + 2)]: m, l, o.
 */
void KERNEL(attention)(const float *q, int64_t q_stride, const struct kv *kv, const int32_t *blocks, int32_t rows, int32_t first_position,
                       int32_t first_kv_head, int32_t kv_heads, int32_t heads, float scale, float *out, int64_t out_stride, int32_t span,
                       int32_t spans, int32_t all_heads, float *partials, float *scratch) {
  const int head_dim = kv->head_dim, stride = (head_dim + LANES - 1) / LANES * LANES, count = rows * heads, all_count = count * kv_heads;
  const int last = first_position + rows - 1;
  uint8_t *copies = (uint8_t *)scratch; /* of two half tiles' keys and values, 4 * 16 * (head_dim + 1) elements */
  float *memory = scratch + 64 * (stride + 1);
  struct pairs now = {memory, memory + all_count * stride, memory + 2 * all_count * stride, memory + 2 * all_count * stride + all_count, stride};
  struct pairs all = {now.q, now.l + all_count, now.l + all_count + all_count * stride, now.l + 2 * all_count + all_count * stride, stride};
  for (int h = 0; h < kv_heads; h++) {
    struct pairs pairs = from_pair(&now, h * count);
    take_queries(q + (first_kv_head + h) * heads * head_dim, q_stride, heads, head_dim, scale, BF16_DOTS && !kv->is_f32, &pairs, count);
  }
  clear(&all, all_count);
  for (int start = span < 0 ? 0 : span * SPAN; start <= last; start += SPAN) {
    clear(&now, all_count);
    for (int from = start; from <= last && from < start + SPAN; from += TILE) {
      for (int h = 0; h < kv_heads; h++) {
        struct pairs pairs = from_pair(&now, h * count);
        struct tile tile = tile_at(kv, first_kv_head + h, blocks, from, last, copies);
        take_tile(&tile, from, first_position, rows, heads, kv->is_f32, &pairs);
      }
    }
    if (span >= 0) break;
    for (int p = 0; p < all_count; p++) {
      merge(all.m + p, all.l + p, all.o + p * stride, now.m[p], now.l[p], now.o + p * stride, head_dim);
    }
  }
  for (int p = 0; p < all_count; p++) {
    int row = p % count / heads, head = (first_kv_head + p / count) * heads + p % heads;
    if (span >= 0) {
      float *target = partials + (((int64_t)row * all_heads + head) * spans + span) * (head_dim + 2);
      target[0] = now.m[p];
      target[1] = now.l[p];
      for (int i = 0; i < head_dim; i++) target[2 + i] = now.o[p * stride + i];
    } else {
      float *target = out + row * out_stride + head * head_dim;
      for (int i = 0; i < head_dim; i++) target[i] = all.o[p * stride + i] / all.l[p];
    }
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
