/* Operations on rows, one row at a time: what is not a product and not attention. */
#include "kernels.h"
#include "lanes.h"
#include "norm.h"
#include "sums.h"

/* out = x / sqrt(mean(x^2) + eps) * gain for each run of columns of rows [from, to) */
void KERNEL(rms_norm)(const float *x, int64_t x_stride, const float *gain, int32_t run, int32_t columns, float eps, float *out,
                      int64_t stride, int32_t from, int32_t to) {
  for (int r = from; r < to; r++) {
    for (int c = 0; c < columns; c += run) {
      norm_row(x + r * x_stride + c, gain, run, eps, out + r * stride + c);
    }
  }
}

/* out = silu(x) * x[up_at …] over n columns of rows [from, to) */
void KERNEL(silu_mul)(const float *x, int64_t x_stride, int64_t up_at, int32_t n, float *out, int64_t stride, int32_t from, int32_t to) {
  for (int r = from; r < to; r++) {
    const float *gate = x + r * x_stride, *up = gate + up_at;
    float *target = out + r * stride;
    for (int i = 0; i < n; i += LANES) {
      vf_store_n(target + i, silu_mul(vf_load_n(gate + i, n - i), vf_load_n(up + i, n - i)), n - i);
    }
  }
}

/* sum += x over the columns of rows [from, to) */
void KERNEL(add)(const float *x, int64_t x_stride, float *sum, int64_t stride, int32_t columns, int32_t from, int32_t to) {
  for (int r = from; r < to; r++) {
    for (int i = 0; i < columns; i += LANES) {
      int n = columns - i;
      float *target = sum + r * stride + i;
      vf_store_n(target, vf_add(vf_load_n(target, n), vf_load_n(x + r * x_stride + i, n)), n);
    }
  }
}

/* Rotates `pairs` pairs of each head of rows [from, to) by the row's position; tables are [positions][pairs]. */
void KERNEL(rope)(float *x, int64_t stride, int32_t columns, int32_t head_dim, int32_t pairs, int32_t adjacent, const float *cosines,
                  const float *sines, const int32_t *positions, int32_t from, int32_t to) {
  for (int r = from; r < to; r++) {
    const float *restrict c = cosines + (int64_t)positions[r] * pairs;
    const float *restrict s = sines + (int64_t)positions[r] * pairs;
    for (int head = 0; head < columns; head += head_dim) {
      float *restrict h = x + r * stride + head;
      if (adjacent) {
        for (int i = 0; i < pairs; i++) {
          float a = h[2 * i], b = h[2 * i + 1];
          h[2 * i] = a * c[i] - b * s[i];
          h[2 * i + 1] = b * c[i] + a * s[i];
        }
      } else {
        for (int i = 0; i < pairs; i++) {
          float a = h[i], b = h[i + pairs];
          h[i] = a * c[i] - b * s[i];
          h[i + pairs] = b * c[i] + a * s[i];
        }
      }
    }
  }
}

/* The lowest column of the largest element; NaN never wins, and nothing but NaN gives 0. */
int32_t KERNEL(argmax)(const float *x, int32_t n) {
  vf largest = vf_set(-INFINITY);
  int i = 0;
  for (; i + LANES <= n; i += LANES) largest = vf_max(vf_load(x + i), largest); /* keeps the second operand for NaN */
  float max = vf_largest(largest);
  for (; i < n; i++) max = x[i] > max ? x[i] : max;
  for (i = 0; i < n; i++) {
    if (x[i] == max) return i;
  }
  return 0;
}
