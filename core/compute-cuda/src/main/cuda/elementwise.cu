// Operations on single elements.
#include "common.cuh"

struct ElementArgs {
  const float* x;
  float* out;
  int rows;
  int columns;  // of out
  int xPitch;
  int outPitch;
};

KERNEL silu_mul(const __grid_constant__ ElementArgs a) {
  startKernel();
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= a.columns) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const float* x = a.x + (size_t)row * a.xPitch;
    const float gate = x[k];
    a.out[(size_t)row * a.outPitch + k] = gate / (1.f + expf(-gate)) * x[a.columns + k];
  }
}

KERNEL add(const __grid_constant__ ElementArgs a) {
  startKernel();
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= a.columns) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    a.out[(size_t)row * a.outPitch + k] += a.x[(size_t)row * a.xPitch + k];
  }
}

KERNEL clear(const __grid_constant__ ElementArgs a) {
  startKernel();
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= a.columns) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) a.out[(size_t)row * a.outPitch + k] = 0.f;
}

struct PackArgs {
  const float* x;
  u16* out;  // [rows][padded]
  int rows;
  int columns;
  int padded;  // multiple of 64; zeros past columns
  int xPitch;
};

// f32 activations to the bf16 that the tensor cores take.
KERNEL pack(const __grid_constant__ PackArgs a) {
  startKernel();
  const int k = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (k >= a.padded) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const float* x = a.x + (size_t)row * a.xPitch;
    float v[4];
    if (k + 3 < a.columns && (reinterpret_cast<u64>(x + k) & 15) == 0) {
      const float4 f = *reinterpret_cast<const float4*>(x + k);
      v[0] = f.x, v[1] = f.y, v[2] = f.z, v[3] = f.w;
    } else {
#pragma unroll
      for (int i = 0; i < 4; i++) v[i] = k + i < a.columns ? x[k + i] : 0.f;
    }
    *reinterpret_cast<uint2*>(a.out + (size_t)row * a.padded + k) =
        make_uint2(packBf16(v[0], v[1]), packBf16(v[2], v[3]));
  }
}

struct ArgmaxArgs {
  const float* x;
  int* out;
  int columns;
  int xPitch;
};

// Block: one row. The lowest column wins a tie; NaN never wins.
KERNEL __launch_bounds__(1024) argmax(const __grid_constant__ ArgmaxArgs a) {
  startKernel();
  __shared__ float values[32];
  __shared__ int columns[32];
  const float* x = a.x + (size_t)blockIdx.x * a.xPitch;
  float best = negativeInfinity();
  int at = 0x7fffffff;
  for (int k = threadIdx.x; k < a.columns; k += blockDim.x) {
    const float v = x[k];
    // The first of this thread's columns that is not NaN counts, minus infinity too.
    if (v > best || (at == 0x7fffffff && v == v)) best = v, at = k;
  }
  auto better = [](float v, int k, float w, int l) { return v > w || (v == w && k < l); };
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) {
    const float v = __shfl_xor_sync(FULL, best, d);
    const int k = __shfl_xor_sync(FULL, at, d);
    if (better(v, k, best, at)) best = v, at = k;
  }
  if ((threadIdx.x & 31) == 0) values[threadIdx.x >> 5] = best, columns[threadIdx.x >> 5] = at;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < (int)blockDim.x >> 5; w++) {
      if (better(values[w], columns[w], best, at)) best = values[w], at = columns[w];
    }
    a.out[blockIdx.x] = at == 0x7fffffff ? 0 : at;
  }
}
