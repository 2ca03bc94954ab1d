/* The eight tile registers of AMX, each of 16 rows of 64 bytes: 32 bf16 a row in factors, 16 f32 in sums. */
#ifndef ANDANTE_TILES_H
#define ANDANTE_TILES_H

#include <immintrin.h>
#include <stdint.h>

#define TILE_BYTES 1024
#define TILE_ROW_BYTES 64

struct tile_config {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
};

/* Not by the compiler's function, which in GCC 12 names 8 of the 64 bytes that are read. */
static inline void tiles_are(const struct tile_config *config) { __asm__ volatile("ldtilecfg %0" ::"m"(*config)); }

/* Before the first tile of a call. Tiles 0 to 5: `rows` rows. 6 and 7: 16 rows. */
static inline void tiles_begin(int rows) {
  struct tile_config config __attribute__((aligned(64))) = {.palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}};
  for (int i = 0; i < 6; i++) config.rows[i] = (uint8_t)rows;
  config.rows[6] = config.rows[7] = 16;
  tiles_are(&config);
}

/* At the end of it: switching threads is dearer while tiles hold something. */
static inline void tiles_end(void) { __asm__ volatile("tilerelease" ::: "memory"); }

/* Between stores and loads of tiles of what they stored: the compiler does not know that a tile reads memory. */
static inline void tiles_see_stores(void) { __asm__ volatile("" ::: "memory"); }

#endif
