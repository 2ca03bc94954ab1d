package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

@Tag("slow")
class NativeExactAvx2ConformanceTest extends NativeConformance {

  NativeExactAvx2ConformanceTest() {
    super(Precision.EXACT, InstructionSet.AVX2);
  }
}
