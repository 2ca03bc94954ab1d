// Products with f32 weights in f32: one warp per output, each lane sums every 32nd group of inputs.
#include "common.cuh"

struct MatmulF32Args {
  const float* weight;  // [outputs][inputs]
  const float* x;
  float* out;
  const float* bias;
  int outputs;
  int inputs;
  int rows;
  int xPitch;
  int outPitch;
  int add;
};

static constexpr int ROWS = 8;

KERNEL __launch_bounds__(256) gemm_f32(const __grid_constant__ MatmulF32Args a) {
  startKernel();
  const int lane = threadIdx.x & 31;
  const int n = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5);
  if (n >= a.outputs) return;
  const int first = blockIdx.y * ROWS;
  const float* w = a.weight + (size_t)n * a.inputs;
  float sum[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) sum[r] = 0.f;
  for (int k = lane; k < a.inputs; k += 32) {
    const float v = w[k];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (first + r < a.rows) sum[r] = __fmaf_rn(v, a.x[(size_t)(first + r) * a.xPitch + k], sum[r]);
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    float t = warpSum(sum[r]);
    if (lane == 0 && first + r < a.rows) {
      if (a.bias) t = __fadd_rn(t, a.bias[n]);
      float* o = a.out + (size_t)(first + r) * a.outPitch + n;
      *o = a.add ? __fadd_rn(*o, t) : t;
    }
  }
}
