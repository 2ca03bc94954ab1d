/* Addresses in a layer's keys and values; see struct kv. */
#ifndef ANDANTE_KV_H
#define ANDANTE_KV_H

#include "kernels.h"

#define KEYS 0
#define VALUES 1

/* Elements of a head rounded up to whole pairs. */
static inline int kv_width(const struct kv *kv) { return (kv->head_dim + 1) & ~1; }

static inline uint8_t *kv_head(const struct kv *kv, int block, int side, int head) {
  return kv->data + block * kv->block_bytes + side * kv->side_bytes + head * kv->head_bytes;
}

/* Bytes of the keys, or the values, of 16 tokens of a head. */
static inline int64_t kv_group_bytes(const struct kv *kv) { return (int64_t)16 * kv_width(kv) * (kv->is_f32 ? 4 : 2); }

/* Element i of one token in the keys or values of a head. */
static inline uint8_t *kv_element(const struct kv *kv, uint8_t *head, int side, int token, int i) {
  int width = kv_width(kv);
  if (kv->is_f32) {
    return head + 4 * (side == KEYS ? ((int64_t)token / 16 * width + i) * 16 + token % 16 : (int64_t)token * width + i);
  }
  int64_t pair = side == KEYS ? ((int64_t)token / 16 * (width / 2) + i / 2) * 16 + token % 16 : (int64_t)token / 2 * width + i;
  return head + 4 * pair + 2 * (side == KEYS ? i % 2 : token % 2);
}

#endif
