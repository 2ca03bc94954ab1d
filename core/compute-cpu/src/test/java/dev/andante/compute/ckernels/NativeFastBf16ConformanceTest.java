package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

class NativeFastBf16ConformanceTest extends NativeConformance {

  NativeFastBf16ConformanceTest() {
    super(Precision.FAST, InstructionSet.AVX512_BF16);
  }
}
