// Types and instructions that every kernel file uses. No header of the CUDA toolkit is needed, so
// that the run-time compiler alone can build these files.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// Every kernel takes one structure by value; the host packs it with natural alignment.
#define KERNEL extern "C" __global__ void

static constexpr u32 FULL = 0xffffffffu;
static constexpr u32 BF16_ONES = 0x3f803f80u;

__device__ __forceinline__ float negativeInfinity() { return __uint_as_float(0xff800000u); }

// Two floats rounded to nearest even; the first in the low half.
__device__ __forceinline__ u32 packBf16(float low, float high) {
  u32 r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}

__device__ __forceinline__ u16 toBf16(float x) { return (u16)packBf16(x, 0.f); }

__device__ __forceinline__ float fromBf16(u16 x) { return __uint_as_float((u32)x << 16); }

__device__ __forceinline__ float fromHalf(u16 x) {
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(x));
  return f;
}

// a * b + c on two bf16 at once; exact where the result fits 8 significant bits.
__device__ __forceinline__ u32 fmaBf16x2(u32 a, u32 b, u32 c) {
  u32 r;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}

__device__ __forceinline__ float exp2Fast(float x) {
  float r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}

// c[16x8] += a[16x16] * b[16x8] in bf16 with f32 sums.
__device__ __forceinline__ void mma(float (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Kernels of the sm90 family are launched while their predecessor still runs. The first call lets
// the successor start, the second waits for the predecessor's results; before it, a kernel touches
// nothing but weights. Every kernel of the family makes both calls, so that each one that has
// finished knows all before it to have finished.
__device__ __forceinline__ void releaseNext() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

__device__ __forceinline__ void awaitPrevious() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

__device__ __forceinline__ void startKernel() {
  releaseNext();
  awaitPrevious();
}

__device__ __forceinline__ u32 sharedAddress(const void* p) {
  return (u32)__cvta_generic_to_shared(p);
}

// 16 bytes from global to shared memory; zeros when not valid.
__device__ __forceinline__ void copyAsync(u32 shared, const void* global, bool valid) {
  int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(bytes)
               : "memory");
}

__device__ __forceinline__ void copyAsync16(u32 shared, const void* global) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(shared), "l"(global)
               : "memory");
}

__device__ __forceinline__ void copyAsync8(u32 shared, const void* global) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(shared), "l"(global) : "memory");
}

__device__ __forceinline__ void commitAsync() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int PENDING>
__device__ __forceinline__ void waitAsync() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

__device__ __forceinline__ uint4 loadShared(u32 address) {
  uint4 v;
  asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "r"(address));
  return v;
}

__device__ __forceinline__ uint2 loadShared8(u32 address) {
  uint2 v;
  asm volatile("ld.shared.v2.u32 {%0,%1}, [%2];" : "=r"(v.x), "=r"(v.y) : "r"(address));
  return v;
}

// Sums in a fixed tree, so that a result depends on its inputs alone.
__device__ __forceinline__ float warpSum(float x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) x += __shfl_xor_sync(FULL, x, d);
  return x;
}

__device__ __forceinline__ float warpMax(float x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) x = fmaxf(x, __shfl_xor_sync(FULL, x, d));
  return x;
}
