package dev.andante.compute.ckernels;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

@Tag("slow")
class NativeFastAvx512ConformanceTest extends NativeConformance {

  NativeFastAvx512ConformanceTest() {
    super(Precision.FAST, InstructionSet.AVX512_VNNI);
  }
}
