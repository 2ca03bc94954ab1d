package dev.andante.compute.onednn;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

/** Products of few rows by the other backend. */
@Tag("slow")
class OneDnnMixedConformanceTest extends OneDnnConformance {

  OneDnnMixedConformanceTest() {
    super(Format.BF16, Precision.FAST, 7);
  }
}
