/* Where products end: sums of 16 outputs into a row of the result. */
#ifndef ANDANTE_SUMS_H
#define ANDANTE_SUMS_H

#include "kernels.h"
#include "lanes.h"

INLINE vf load_factors(const uint8_t *p, int wide) {
  return wide ? vf_load((const float *)p) : vf_from_f16((const uint16_t *)p);
}

/* Code j < 4 of each lane's four bytes as f32. */
#define CODE(v, j) vf_of(vi_and(vi_shift_right(v, 8 * (j)), vi_set(255)))

/* The n outputs from `output` on of one row. */
INLINE void finish(const struct sums *to, int row, int output, int n, vf v) {
  float *out = to->out + row * to->stride + output - to->first;
  if (to->bias) v = vf_add(v, vf_load_n(to->bias + output, n));
  if (to->add) v = vf_add(vf_load_n(out, n), v);
  vf_store_n(out, v, n);
}

/* silu(gate) * up */
INLINE vf silu_mul(vf gate, vf up) {
  vf denominator = vf_add(vf_set(1.0f), vf_exp(vf_sub(vf_zero(), gate)));
  return vf_mul(vf_div(gate, denominator), up);
}

#endif
