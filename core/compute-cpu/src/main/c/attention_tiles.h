/*
 * Attention of many rows on AMX tiles, for a cache of bf16: 16 pairs of row and query head are the rows of a tile, 16 tokens of the
 * cache, or 16 elements of a head, its columns. The cache lies as tiles want it. What a pair goes through is what attention.c says of
 * it: tiles of 64 tokens, spans, weights rounded to bf16.
 */
#include "tiles.h"

#define SCORES(sums, part, pair) ((sums) + (part) * 256 + (pair) * LANES)

/* Groups of 16 pairs that take a tile of tokens together, one step after the other: a step alone is too short to hide what it waits for. */
#define TOGETHER 4

/*
 * Groups of 16 pairs, so many a KV head. Queries of a group are tiles [head_dim / 32][16][32 bf16], outputs [head_dim / 16][16][16], sums
 * of weights [16][LANES], maxima [16].
 */
struct groups {
  float *q, *o, *l, *m;
  int head_dim, heads, first_position, count; /* pairs of a KV head, `heads` a row */
};

/* What lies between the steps of a group. */
struct work {
  float scores[4 * 256] __attribute__((aligned(64)));
  uint8_t weights[2 * TILE_BYTES] __attribute__((aligned(64)));
};

INLINE float *group_q(const struct groups *s, int at) { return s->q + at * s->head_dim * LANES / 2; }
INLINE float *group_o(const struct groups *s, int at) { return s->o + at * s->head_dim * LANES; }

/* Pairs that tiles have rows for: a single group of fewer than 16 needs no more. */
INLINE int rows_of_tiles(const struct groups *s) { return s->count < LANES ? s->count : LANES; }

/* Tokens of the sequence that pair p of a KV head sees; none if there is no such pair. */
INLINE int seen(const struct groups *s, int p) { return p < s->count ? s->first_position + p / s->heads + 1 : 0; }

/* Tokens that the last pair of group g of a KV head sees. */
INLINE int seen_by_group(const struct groups *s, int g) {
  const int last = (g + 1) * LANES - 1;
  return seen(s, last < s->count ? last : s->count - 1);
}

/* Queries of `count` pairs, `heads` a row, scaled, as tiles; no queries for the rest of 16. */
static void take_tiled_queries(const float *q, int64_t q_stride, int heads, int head_dim, float scale, int first, int count, uint8_t *target) {
  for (int p = 0; p < LANES; p++) {
    const float *query = q + (first + p) / heads * q_stride + (first + p) % heads * head_dim;
    for (int i = 0; i < head_dim; i += 2 * LANES) {
      vi both = vi_zero();
      if (p < count) both = pack_bf16(vf_mul(vf_load(query + i), vf_set(scale)), vf_mul(vf_load(query + i + LANES), vf_set(scale)));
      _mm512_storeu_si512(target + i / 32 * TILE_BYTES + p * TILE_ROW_BYTES, both);
    }
  }
}

/* 32 tokens' values as tiles of 16 elements, those of the first `visible` tokens; what the cache holds beyond may be anything. */
static void copy_values(const uint8_t *const parts[2], int head_dim, int visible, uint8_t *target) {
  for (int pair = 0; pair < LANES; pair++) {
    const uint8_t *row = parts[pair / 8] + pair % 8 * head_dim * 4;
    const int there = visible - 2 * pair;
    const vi mask = vi_set(there >= 2 ? -1 : there == 1 ? 0xFFFF : 0);
    for (int c = 0; c < head_dim / LANES; c++) {
      vi v = there > 0 ? vi_and(vi_load(row + c * 64), mask) : vi_zero();
      _mm512_storeu_si512(target + c * TILE_BYTES + pair * TILE_ROW_BYTES, v);
    }
  }
}

/* Scores of 16 pairs with 64 tokens: [part][pair][16]. */
static void tiled_scores(const struct tile *t, const uint8_t *q, int head_dim, float *sums) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int s = 0; s < head_dim / 32; s++) {
    _tile_loadd(4, q + s * TILE_BYTES, TILE_ROW_BYTES);
    _tile_loadd(6, t->keys[0] + s * TILE_BYTES, TILE_ROW_BYTES);
    _tile_loadd(7, t->keys[1] + s * TILE_BYTES, TILE_ROW_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(6, t->keys[2] + s * TILE_BYTES, TILE_ROW_BYTES);
    _tile_loadd(7, t->keys[3] + s * TILE_BYTES, TILE_ROW_BYTES);
    _tile_dpbf16ps(2, 4, 6);
    _tile_dpbf16ps(3, 4, 7);
  }
  _tile_stored(0, sums, TILE_ROW_BYTES);
  _tile_stored(1, sums + 256, TILE_ROW_BYTES);
  _tile_stored(2, sums + 512, TILE_ROW_BYTES);
  _tile_stored(3, sums + 768, TILE_ROW_BYTES);
}

/* The largest score of pair p of a group with 64 tokens, of which it sees the first `visible`, > 0; the others become infinitely small. */
INLINE float largest_score(struct work *work, int p, int visible) {
  vf scores[PARTS];
  UNROLL for (int part = 0; part < PARTS; part++) {
    scores[part] = vf_load(SCORES(work->scores, part, p));
    if (visible < TILE) {
      scores[part] = shown(scores[part], vf_set(-INFINITY), visible - part * LANES);
      vf_store(SCORES(work->scores, part, p), scores[part]);
    }
  }
  return vf_largest(vf_max(vf_max(scores[0], scores[1]), vf_max(scores[2], scores[3])));
}

/* The largest lane of each of 16 vectors, in order. */
INLINE vf largest_of_each(const vf v[LANES]) {
  const vi in_order = _mm512_set_epi32(15, 13, 14, 12, 7, 5, 6, 4, 11, 9, 10, 8, 3, 1, 2, 0);
  vf halves[8], quarters[4], pairs[2];
  UNROLL for (int i = 0; i < 8; i++) {
    halves[i] = vf_max(_mm512_shuffle_f32x4(v[i], v[i + 8], 0x44), _mm512_shuffle_f32x4(v[i], v[i + 8], 0xEE));
  }
  UNROLL for (int i = 0; i < 4; i++) {
    quarters[i] = vf_max(_mm512_shuffle_f32x4(halves[i], halves[i + 4], 0x88), _mm512_shuffle_f32x4(halves[i], halves[i + 4], 0xDD));
  }
  UNROLL for (int i = 0; i < 2; i++) {
    pairs[i] = vf_max(_mm512_unpacklo_ps(quarters[i], quarters[i + 2]), _mm512_unpackhi_ps(quarters[i], quarters[i + 2]));
  }
  return _mm512_permutexvar_ps(in_order, vf_max(_mm512_shuffle_ps(pairs[0], pairs[1], 0x44), _mm512_shuffle_ps(pairs[0], pairs[1], 0xEE)));
}

/* Weights of pair p of a group for 64 tokens as bf16 into row p of two tiles of 32 tokens; their sum, before they are rounded, in lanes. */
INLINE vf store_weights(struct work *work, int p, float max) {
  vf sum = vf_zero();
  UNROLL for (int half = 0; half < 2; half++) {
    vf first = vf_exp2_rough(vf_sub(vf_load(SCORES(work->scores, 2 * half, p)), vf_set(max)));
    vf second = vf_exp2_rough(vf_sub(vf_load(SCORES(work->scores, 2 * half + 1, p)), vf_set(max)));
    _mm512_store_si512(work->weights + half * TILE_BYTES + p * TILE_ROW_BYTES, pack_bf16(first, second));
    sum = vf_add(sum, vf_add(first, second));
  }
  return sum;
}

/* Weights of group g of a KV head, group `at` of all, for the 64 tokens from position `from` on; its sums and outputs so far are scaled. */
static void take_weights(const struct groups *s, int g, int at, int from, struct work *work) {
  float factors[LANES], max[LANES], *o = group_o(s, at), *l = s->l + at * LANES * LANES, *m = s->m + at * LANES;
  const int pairs = rows_of_tiles(s);
  const int all_see_all = (g + 1) * LANES <= s->count && seen(s, g * LANES) >= from + TILE;
  uint32_t sees = (1u << pairs) - 1;
  if (all_see_all) {
    vf largest[LANES];
    UNROLL for (int p = 0; p < LANES; p++) {
      largest[p] = vf_max(vf_max(vf_load(SCORES(work->scores, 0, p)), vf_load(SCORES(work->scores, 1, p))),
                          vf_max(vf_load(SCORES(work->scores, 2, p)), vf_load(SCORES(work->scores, 3, p))));
    }
    vf_store(max, largest_of_each(largest));
  } else {
    for (int p = 0; p < LANES; p++) max[p] = -INFINITY;
    for (int p = 0; p < pairs; p++) {
      const int visible = seen(s, g * LANES + p) - from;
      if (visible > 0) {
        max[p] = largest_score(work, p, visible < TILE ? visible : TILE);
      } else {
        sees &= ~(1u << p);
      }
    }
  }
  const vf before = vf_load(m), now = vf_max(before, vf_load(max)); /* the second is kept where it is NaN */
  const vf scale = _mm512_mask_blend_ps((__mmask16)sees, vf_set(1.0f), vf_exp2_rough(vf_sub(before, now)));
  vf_store(m, now);
  vf_store(factors, scale);
  for (int p = 0; p < pairs; p++, l += LANES) {
    if (sees >> p & 1) {
      vf_store(l, vf_fma(vf_load(l), vf_set(factors[p]), store_weights(work, p, m[p])));
    } else {
      _mm512_store_si512(work->weights + p * TILE_ROW_BYTES, vi_zero());
      _mm512_store_si512(work->weights + TILE_BYTES + p * TILE_ROW_BYTES, vi_zero());
    }
  }
  if (_mm512_cmp_ps_mask(scale, vf_set(1.0f), _CMP_NEQ_UQ) == 0) return;
  for (int c = 0; c < s->head_dim / LANES; c++, o += 256) {
    for (int p = 0; p < pairs; p++) vf_store(o + p * LANES, vf_mul(vf_load(o + p * LANES), vf_set(factors[p])));
  }
}

/* o += weights * values of 64 tokens */
static void take_tiled_values(const uint8_t *weights, const uint8_t *values, int head_dim, float *o) {
  const int chunks = head_dim / LANES;
  for (int c = 0; c < chunks; c += 2) { /* two at once: an even number, as heads are whole tiles of 32 elements */
    float *at = o + c * 256;
    const uint8_t *first = values + c * TILE_BYTES, *second = first + chunks * TILE_BYTES;
    _tile_loadd(0, at, TILE_ROW_BYTES);
    _tile_loadd(1, at + 256, TILE_ROW_BYTES);
    _tile_loadd(4, weights, TILE_ROW_BYTES);
    _tile_loadd(5, weights + TILE_BYTES, TILE_ROW_BYTES);
    _tile_loadd(6, first, TILE_ROW_BYTES);
    _tile_loadd(7, first + TILE_BYTES, TILE_ROW_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(6, second, TILE_ROW_BYTES);
    _tile_loadd(7, second + TILE_BYTES, TILE_ROW_BYTES);
    _tile_dpbf16ps(0, 5, 6);
    _tile_dpbf16ps(1, 5, 7);
    _tile_stored(0, at, TILE_ROW_BYTES);
    _tile_stored(1, at + 256, TILE_ROW_BYTES);
  }
}

/* Asks for a tile's keys, or values; see ASK_FOR. */
INLINE void ask_for(const uint8_t *const parts[PARTS], int head_dim) {
  for (int part = 0; part < PARTS; part++) {
    for (int i = 0; i < head_dim * 2 * LANES; i += 64) ASK_FOR(parts[part] + i);
  }
}

/* Asks for the tile of a head's tokens from position `from` on, while queries are made ready for it. */
static void ask_for_first(const struct kv *kv, int head, const int32_t *blocks, int from, int last) {
  struct tile tile;
  find(kv, head, blocks, from, last, 0, tile.keys, tile.values);
  ask_for(tile.values, kv->head_dim);
  ask_for(tile.keys, kv->head_dim);
}

/* The tile of a head's tokens from position `from` on; the next one in the order in which they are taken, that of the next head, is known. */
static struct tile tile_of_heads(const struct kv *kv, int head, int first_head, int heads, const int32_t *blocks, int from, int last) {
  struct tile tile = {.width = kv->head_dim};
  find(kv, head, blocks, from, last, 0, tile.keys, tile.values);
  const int more = head + 1 < first_head + heads, next = more ? from : from + TILE;
  tile.asks = next <= last;
  if (tile.asks) find(kv, more ? head + 1 : first_head, blocks, next, last, 0, tile.next_keys, tile.next_values);
  return tile;
}

/* Takes the 64 tokens from position `from` on into the groups [first, end) of a KV head, whose first group is group `head` of all. */
static void take_tokens(const struct tile *t, const uint8_t *values, const struct groups *s, int head, int first, int end, int from) {
  struct work work[TOGETHER];
  while (first < end && seen_by_group(s, first) <= from) first++;
  for (int g = first; g < end; g++) tiled_scores(t, (const uint8_t *)group_q(s, head + g), s->head_dim, work[g - first].scores);
  for (int g = first; g < end; g++) take_weights(s, g, head + g, from, &work[g - first]);
  tiles_see_stores();
  for (int g = first; g < end; g++) take_tiled_values(work[g - first].weights, values, s->head_dim, group_o(s, head + g));
}

/* A span's results of all pairs, to `partials`, or taken into the sums `all` of the spans before it. */
static void end_span(const struct groups *s, int first_kv_head, int kv_heads, int span, int spans, int all_heads, float *partials,
                     const struct pairs *all) {
  const int groups = (s->count + LANES - 1) / LANES;
  float whole[s->head_dim];
  for (int pair = 0; pair < kv_heads * s->count; pair++) {
    const int h = pair / s->count, p = pair % s->count, at = h * groups + p / LANES, lane = p % LANES;
    const float *from = group_o(s, at) + lane * LANES;
    float span_m = s->m[at * LANES + lane] * LN_2, span_l = vf_sum(vf_load(s->l + (at * LANES + lane) * LANES));
    float *target = whole;
    if (span >= 0) {
      const int head = (first_kv_head + h) * s->heads + p % s->heads;
      target = partials + (((int64_t)(p / s->heads) * all_heads + head) * spans + span) * (s->head_dim + 2);
      *target++ = span_m;
      *target++ = span_l;
    }
    for (int c = 0; c < s->head_dim; c += LANES) vf_store(target + c, vf_load(from + c * LANES));
    if (span < 0) merge(all->m + pair, all->l + pair, all->o + pair * s->head_dim, span_m, span_l, whole, s->head_dim);
  }
}

/* Whether tiles can do it: whole tiles of a head's elements, and of a block's tokens. */
static int tiles_fit(const struct kv *kv) { return !kv->is_f32 && kv->head_dim % 32 == 0 && kv->block_size % LANES == 0; }

/* As attention. */
static void attention_on_tiles(const float *queries, int64_t q_stride, const struct kv *kv, const int32_t *blocks, int32_t rows,
                               int32_t first_position, int32_t first_kv_head, int32_t kv_heads, int32_t heads, float scale, float *out,
                               int64_t out_stride, int32_t span, int32_t spans, int32_t all_heads, float *partials, float *scratch) {
  const int head_dim = kv->head_dim, count = rows * heads, per_head = (count + LANES - 1) / LANES, all_groups = per_head * kv_heads;
  const int last = first_position + rows - 1, all_pairs = all_groups * LANES;
  uint8_t *values = (uint8_t *)scratch; /* of 64 tokens, of 2 bytes an element */
  struct groups now = {.q = scratch + 32 * head_dim, .head_dim = head_dim, .heads = heads, .first_position = first_position, .count = count};
  const int pairs = rows_of_tiles(&now);
  now.o = now.q + all_pairs * head_dim / 2;
  now.l = now.o + all_pairs * head_dim;
  now.m = now.l + all_pairs * LANES;
  struct pairs all = {.o = now.m + all_pairs};
  all.l = all.o + all_pairs * head_dim;
  all.m = all.l + all_pairs;
  for (int i = 0; i < kv_heads * count; i++) all.m[i] = -INFINITY, all.l[i] = 0;
  __builtin_memset(all.o, 0, sizeof(float) * kv_heads * count * head_dim);
  ask_for_first(kv, first_kv_head, blocks, span < 0 ? 0 : span * SPAN, last);
  for (int at = 0; at < all_groups; at++) {
    const int first = at % per_head * LANES, there = count - first < LANES ? count - first : LANES;
    take_tiled_queries(queries + (first_kv_head + at / per_head) * heads * head_dim, q_stride, heads, head_dim, scale * LOG2_E, first, there,
                       (uint8_t *)group_q(&now, at));
  }
  tiles_begin(pairs);
  for (int start = span < 0 ? 0 : span * SPAN; start <= last; start += SPAN) {
    for (int i = 0; i < all_pairs; i++) now.m[i] = -INFINITY;
    for (int at = 0; at < all_groups; at++) {
      __builtin_memset(now.l + at * LANES * LANES, 0, sizeof(float) * pairs * LANES);
      for (int c = 0; c < head_dim; c += LANES) __builtin_memset(group_o(&now, at) + c * LANES, 0, sizeof(float) * pairs * LANES);
    }
    for (int from = start; from <= last && from < start + SPAN; from += TILE) {
      for (int h = 0; h < kv_heads; h++) {
        struct tile tile = tile_of_heads(kv, first_kv_head + h, first_kv_head, kv_heads, blocks, from, last);
        if (tile.asks) ask_for(tile.next_values, head_dim);
        copy_values(tile.values, head_dim, last + 1 - from, values);
        copy_values(tile.values + 2, head_dim, last + 1 - from - TILE / 2, values + head_dim / LANES * TILE_BYTES);
        tiles_see_stores();
        if (tile.asks) ask_for(tile.next_keys, head_dim);
        for (int g = 0; g < per_head; g += TOGETHER) {
          take_tokens(&tile, values, &now, h * per_head, g, per_head - g < TOGETHER ? per_head : g + TOGETHER, from);
        }
      }
    }
    end_span(&now, first_kv_head, kv_heads, span, spans, all_heads, partials, &all);
    if (span >= 0) break;
  }
  tiles_end();
  for (int pair = 0; span < 0 && pair < kv_heads * count; pair++) {
    const int p = pair % count, head = (first_kv_head + pair / count) * heads + p % heads;
    float *target = out + p / heads * out_stride + head * head_dim;
    for (int i = 0; i < head_dim; i += LANES) vf_store(target + i, vf_div(vf_load(all.o + pair * head_dim + i), vf_set(all.l[pair])));
  }
}
