// Root mean square norms.
#include "common.cuh"

struct NormArgs {
  const float* x;
  float* out;
  const float* gain;
  int columns;
  int xPitch;
  int outPitch;
  float eps;
};

// Block: one row of any length.
KERNEL __launch_bounds__(256) rms_norm(const __grid_constant__ NormArgs a) {
  startKernel();
  __shared__ float sums[8];
  const float* x = a.x + (size_t)blockIdx.x * a.xPitch;
  float* out = a.out + (size_t)blockIdx.x * a.outPitch;
  float sum = 0.f;
  for (int k = threadIdx.x; k < a.columns; k += 256) sum = __fmaf_rn(x[k], x[k], sum);
  sum = warpSum(sum);
  if ((threadIdx.x & 31) == 0) sums[threadIdx.x >> 5] = sum;
  __syncthreads();
  sum = 0.f;
#pragma unroll
  for (int w = 0; w < 8; w++) sum += sums[w];
  const float scale = 1.f / sqrtf(sum / (float)a.columns + a.eps);
  for (int k = threadIdx.x; k < a.columns; k += 256) out[k] = x[k] * scale * a.gain[k];
}

struct HeadNormArgs {
  float* x;
  const float* gain;
  int rows;
  int heads;
  int headDim;
  int pitch;
  float eps;
};

// Warp: one head.
KERNEL rms_norm_heads(const __grid_constant__ HeadNormArgs a) {
  startKernel();
  const int lane = threadIdx.x & 31;
  const int head = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5);
  if (head >= a.rows * a.heads) return;
  float* x = a.x + (size_t)(head / a.heads) * a.pitch + (size_t)(head % a.heads) * a.headDim;
  float sum = 0.f;
  for (int k = lane; k < a.headDim; k += 32) sum = __fmaf_rn(x[k], x[k], sum);
  const float scale = 1.f / sqrtf(warpSum(sum) / (float)a.headDim + a.eps);
  for (int k = lane; k < a.headDim; k += 32) x[k] = x[k] * scale * a.gain[k];
}
