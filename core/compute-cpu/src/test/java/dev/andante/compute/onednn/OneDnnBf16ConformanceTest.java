package dev.andante.compute.onednn;

import dev.andante.compute.Precision;

/** All products in bf16. */
class OneDnnBf16ConformanceTest extends OneDnnConformance {

  OneDnnBf16ConformanceTest() {
    super(Format.BF16, Precision.FAST, 1);
  }
}
