package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

class NativeExactAvx2ConformanceTest extends NativeConformance {

  NativeExactAvx2ConformanceTest() {
    super(Precision.EXACT, InstructionSet.AVX2);
  }
}
