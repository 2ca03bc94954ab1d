#include "weights.cuh"

// Adds the segments that gemm left in `partial`, in ascending order.
KERNEL gemm_reduce(const __grid_constant__ MatmulArgs a) {
  startKernel();
  const int n = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
  if (n >= a.outputs) return;
  const int segments = (a.steps + a.segmentSteps - 1) / a.segmentSteps;
  const size_t stride = (size_t)a.rows * a.outputs;
  const float* p = a.partial + (size_t)row * a.outputs + n;
  float t = p[0];
  for (int s = 1; s < segments; s++) t = __fadd_rn(t, p[s * stride]);
  if (a.bias) t = __fadd_rn(t, a.bias[n]);
  float* o = a.out + (size_t)row * a.outPitch + n;
  *o = a.add ? __fadd_rn(*o, t) : t;
}
