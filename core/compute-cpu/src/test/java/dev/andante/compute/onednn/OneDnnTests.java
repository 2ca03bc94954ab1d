package dev.andante.compute.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import org.junit.jupiter.api.Assumptions;

/** The library as the build wants it tested. */
final class OneDnnTests {

  /** The instruction set that a run of the tests is limited to; the build sets one for each run. */
  private static final String ISA = "andante.test.onednn.isa";

  private OneDnnTests() {}

  static Isa limit() {
    return Isa.named(System.getProperty(ISA, Isa.NATIVE.text()));
  }

  /** Skips the calling test where the library is not built for this machine. */
  static OneDnn openOrSkip() {
    Assumptions.assumeTrue(OneDnn.unavailableReason().isEmpty(), OneDnn.unavailableReason());
    OneDnn library = OneDnn.open(limit());
    if (limit() != Isa.NATIVE) {
      Assumptions.assumeTrue(
          library.isa().compareTo(limit()) >= 0, "no " + limit().text() + " on this machine");
      assertThat(library.isa()).isEqualTo(limit());
    }
    return library;
  }

  /** A backend that gives the library products of so many rows; skips as {@link #openOrSkip}. */
  static OneDnnBackend backend(ComputePool pool, Format format, Precision precision, int manyRows) {
    OneDnn library = openOrSkip();
    return new OneDnnBackend(
        OneDnnProvider.rest(pool, precision),
        pool,
        library,
        format,
        precision,
        manyRows,
        new MemoryLimit(Long.MAX_VALUE));
  }
}
