/* Keys and values into the order of struct kv, and out of it. */
#include "kv.h"
#include "lanes.h"

/* Stores side 0 (keys) or 1 (values) of rows [from, to); slots[r] is block * block_size + token. */
void KERNEL(write_kv)(const float *x, int64_t stride, const struct kv *kv, int32_t side, int32_t kv_heads, const int32_t *slots,
                      int32_t from, int32_t to) {
  const int n = kv->head_dim, width = kv_width(kv);
  for (int r = from; r < to; r++) {
    const int token = slots[r] % kv->block_size;
    for (int head = 0; head < kv_heads; head++) {
      const uint32_t *restrict bits = (const uint32_t *)(x + r * stride + head * n);
      uint8_t *at = kv_element(kv, kv_head(kv, slots[r] / kv->block_size, side, head), side, token, 0);
      if (kv->is_f32) {
        uint32_t *restrict target = (uint32_t *)at;
        const int step = side == KEYS ? 16 : 1;
        for (int i = 0; i < n; i++) target[i * step] = bits[i];
        if (width > n) target[n * step] = 0;
      } else if (side == KEYS) {
        uint32_t *restrict target = (uint32_t *)at;
        for (int i = 0; i < n / 2; i++) target[i * 16] = to_bf16(bits[2 * i]) | (uint32_t)to_bf16(bits[2 * i + 1]) << 16;
        if (width > n) target[n / 2 * 16] = to_bf16(bits[n - 1]);
      } else {
        uint16_t *restrict target = (uint16_t *)at;
        for (int i = 0; i < n; i++) target[i * 2] = to_bf16(bits[i]);
        if (width > n) target[n * 2] = 0;
      }
    }
  }
}

/*
 * One layer of tokens [first, first + tokens) of a block from or to the order of the wire, [k|v][kv head][token][head_dim].
 */
void KERNEL(copy_kv)(const struct kv *kv, int32_t kv_heads, int32_t block, int32_t first, int32_t tokens, uint8_t *wire,
                     int32_t to_wire) {
  const int n = kv->head_dim, width = kv_width(kv), bytes = kv->is_f32 ? 4 : 2;
  for (int side = KEYS; side <= VALUES; side++) {
    for (int head = 0; head < kv_heads; head++) {
      uint8_t *memory = kv_head(kv, block, side, head);
      for (int token = first; token < first + tokens; token++) {
        for (int i = 0; i < n; i++, wire += bytes) {
          uint8_t *at = kv_element(kv, memory, side, token, i);
          if (bytes == 4) {
            *(uint32_t *)(to_wire ? wire : at) = *(uint32_t *)(to_wire ? at : wire);
          } else {
            *(uint16_t *)(to_wire ? wire : at) = *(uint16_t *)(to_wire ? at : wire);
          }
        }
        if (width > n && !to_wire) {
          uint8_t *padding = kv_element(kv, memory, side, token, n);
          for (int i = 0; i < bytes; i++) padding[i] = 0;
        }
      }
    }
  }
}
