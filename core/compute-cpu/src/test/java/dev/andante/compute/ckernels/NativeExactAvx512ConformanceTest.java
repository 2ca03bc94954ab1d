package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

class NativeExactAvx512ConformanceTest extends NativeConformance {

  NativeExactAvx512ConformanceTest() {
    super(Precision.EXACT, InstructionSet.AVX512_VNNI);
  }
}
