// Operations that move or combine whole rows.
#include "dequant.cuh"
#include "weights.cuh"

struct EmbedArgs {
  const u8* weight;
  const u16* scales;
  const u16* minima;
  const int* tokens;
  float* out;
  int kind;    // Kind, or -1: rows as files hold them, in `format`
  int format;
  int first;  // tokens [first, first + outputs) lie in this weight
  int outputs;
  int inputs;
  int steps;
  int outPitch;
  u64 rowBytes;
};

__device__ __forceinline__ float element(const EmbedArgs& a, int n, int k) {
  if (a.kind < 0) return dequant(a.format, a.weight + (size_t)n * a.rowBytes, k);
  const size_t step = (size_t)(n / 16) * a.steps + k / 64;
  const int g = n % 8, half = n % 16 / 8, chunk = k / 32 % 2, e = k % 8, lane = g * 4 + k % 32 / 8;
  if (a.kind == BF16 || a.kind == F16) {
    const u16 v =
        reinterpret_cast<const u16*>(a.weight)[((step * 4 + chunk * 2 + half) * 32 + lane) * 8 + e];
    return a.kind == F16 ? fromHalf(v) : fromBf16(v);
  }
  const size_t s = (step * 8 + g) * 4 + chunk * 2 + half;
  const float d = fromHalf(a.scales[s]);
  if (a.kind == Q8 || a.kind == Q8M) {
    const int byte = (e & 4) | (e & 1) << 1 | (e & 2) >> 1;
    const float q = (float)((int)a.weight[step * 1024 + ((chunk * 32 + lane) * 2 + half) * 8 + byte] - 128);
    return a.kind == Q8 ? d * q : __fmaf_rn(d, q, fromHalf(a.minima[s]));
  }
  const u32 w = reinterpret_cast<const u32*>(a.weight)[step * 128 + lane * 4 + chunk * 2 + half];
  const int q = (int)(w >> (4 * (e / 2) + 16 * (e % 2)) & 15u);
  return a.kind == Q4S ? d * (float)(q - 8) : __fmaf_rn(d, (float)q, fromHalf(a.minima[s]));
}

KERNEL embed(const __grid_constant__ EmbedArgs a) {
  startKernel();
  const int k = blockIdx.y * blockDim.x + threadIdx.x, row = blockIdx.x;
  const int token = a.tokens[row] - a.first;
  if (k < a.inputs && token >= 0 && token < a.outputs) {
    a.out[(size_t)row * a.outPitch + k] = element(a, token, k);
  }
}

struct RowsArgs {
  const float* x;
  float* out;
  int columns;
  int xPitch;
  int outPitch;
  int count;
  int first;
  int index[448];
  float scale[448];
};

// out[first + i] = x[index[i]]
KERNEL gather_rows(const __grid_constant__ RowsArgs a) {
  startKernel();
  const int i = blockIdx.x;
  const float* x = a.x + (size_t)a.index[i] * a.xPitch;
  float* out = a.out + (size_t)(a.first + i) * a.outPitch;
  for (int k = blockIdx.y * blockDim.x + threadIdx.x; k < a.columns; k += gridDim.y * blockDim.x) out[k] = x[k];
}

// out[index[i]] += scale[i] * x[first + i], i ascending: each thread owns a column.
KERNEL scatter_add_rows(const __grid_constant__ RowsArgs a) {
  startKernel();
  const int k = blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= a.columns) return;
  for (int i = 0; i < a.count; i++) {
    float* p = a.out + (size_t)a.index[i] * a.outPitch + k;
    *p = __fmaf_rn(a.scale[i], a.x[(size_t)(a.first + i) * a.xPitch + k], *p);
  }
}
