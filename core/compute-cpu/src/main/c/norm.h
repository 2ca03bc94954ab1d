/* RMS norm of a row: for itself, and in front of products that round their rows. */
#ifndef ANDANTE_NORM_H
#define ANDANTE_NORM_H

#include "lanes.h"

/* out = x / sqrt(mean(x^2) + eps) * gain over n columns; out may be x */
INLINE void norm_row(const float *x, const float *gain, int32_t n, float eps, float *out) {
  vf squares = vf_zero();
  for (int i = 0; i < n; i += LANES) {
    vf v = vf_load_n(x + i, n - i);
    squares = vf_fma(v, v, squares);
  }
  vf factor = vf_set((float)(1 / sqrt((double)vf_sum(squares) / n + eps)));
  for (int i = 0; i < n; i += LANES) {
    vf v = vf_mul(vf_load_n(x + i, n - i), factor);
    vf_store_n(out + i, vf_mul(v, vf_load_n(gain + i, n - i)), n - i);
  }
}

#endif
