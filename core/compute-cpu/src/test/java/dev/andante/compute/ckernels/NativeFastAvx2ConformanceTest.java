package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

@Tag("slow")
class NativeFastAvx2ConformanceTest extends NativeConformance {

  NativeFastAvx2ConformanceTest() {
    super(Precision.FAST, InstructionSet.AVX2);
  }
}
