package dev.andante.compute.onednn;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

/** All products in bf16. */
@Tag("slow")
class OneDnnBf16ConformanceTest extends OneDnnConformance {

  OneDnnBf16ConformanceTest() {
    super(Format.BF16, Precision.FAST, 1);
  }
}
