package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;

class NativeFastAmxConformanceTest extends NativeConformance {

  NativeFastAmxConformanceTest() {
    super(Precision.FAST, InstructionSet.AMX);
  }
}
