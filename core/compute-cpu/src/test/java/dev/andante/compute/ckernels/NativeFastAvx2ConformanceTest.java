package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

class NativeFastAvx2ConformanceTest extends NativeConformance {

  NativeFastAvx2ConformanceTest() {
    super(Precision.FAST, InstructionSet.AVX2);
  }
}
