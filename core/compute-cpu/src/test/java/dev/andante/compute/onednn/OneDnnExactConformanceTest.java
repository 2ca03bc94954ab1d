package dev.andante.compute.onednn;

import dev.andante.compute.Precision;
import org.junit.jupiter.api.Tag;

@Tag("slow")
class OneDnnExactConformanceTest extends OneDnnConformance {

  OneDnnExactConformanceTest() {
    super(Format.BF16, Precision.EXACT, 7);
  }
}
