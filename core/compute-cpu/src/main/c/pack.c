/*
 * Rows of a file in GGML's formats of 32 inputs into a group of a packed weight. A row's codes go into one lane as they
 * are: the nibbles of byte i are inputs i and i + 16 in both.
 */
#include "kernels.h"

#define LANES 16

enum format { Q4_0 = 0, Q4_1 = 1, Q8_0 = 2 };

/* `count` rows as outputs output … of one group. */
void andante_pack_group(const uint8_t *source, int64_t row_bytes, int32_t format, const struct weight *w, int32_t output, int32_t count);
void andante_pack_group(const uint8_t *source, int64_t row_bytes, int32_t format, const struct weight *w, int32_t output, int32_t count) {
  const int factors = format == Q4_1 ? 2 : 1, vectors = format == Q8_0 ? 8 : 4;
  uint8_t *group = (uint8_t *)w->data + output / LANES * w->group_bytes;
  for (int r = 0; r < count; r++) {
    const uint8_t *in = source + r * row_bytes;
    const int lane = output % LANES + r;
    for (int b = 0; b < w->blocks; b++) {
      uint8_t *block = group + (int64_t)b * w->block_bytes;
      uint16_t *scales = (uint16_t *)(block + 64 * vectors);
      for (int f = 0; f < factors; f++, in += 2) __builtin_memcpy(scales + f * LANES + lane, in, 2);
      for (int v = 0; v < vectors; v++, in += 4) {
        uint32_t four;
        __builtin_memcpy(&four, in, 4);
        if (format == Q8_0) four ^= 0x80808080; /* signed to unsigned with an offset of 128 */
        __builtin_memcpy(block + 64 * v + 4 * lane, &four, 4);
      }
    }
  }
}
