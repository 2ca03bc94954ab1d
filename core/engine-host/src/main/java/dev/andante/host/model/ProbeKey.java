package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.compute.Precision;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * All that a {@linkplain PrecisionProbe probe's} finding depends on, a line each: another text is
 * another finding.
 */
record ProbeKey(String text) {

  /** Changes with what a file holds, and how. The probe itself belongs to the build. */
  private static final String HEAD = "andante precision probe, format 1\n";

  /**
   * @param contextLength as set, 0 = the model's own; a short one leaves fewer tokens to probe with
   * @param backend opened for {@link Precision#FAST}; no pass runs
   * @param build of the code, see {@link Build}
   */
  static ProbeKey of(ModelSource model, int contextLength, Backend backend, String build) {
    return new ProbeKey(
        HEAD
            + line("model", model.fingerprint())
            + line("context length", String.valueOf(contextLength))
            + line("backend", backend.name())
            + line("on", backend.description())
            + line("exact", numerics(backend, Precision.EXACT))
            + line("fast", numerics(backend, Precision.FAST))
            + line("build", build)
            + line("java", Runtime.version().toString()));
  }

  /** The name of the file for it, the same in every process. */
  String fileName() {
    return ProbeFile.PREFIX
        + UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8))
        + ".txt";
  }

  private static String line(String name, String value) {
    return name + ": " + value.replaceAll("\\s+", " ") + "\n";
  }

  private static String numerics(Backend backend, Precision precision) {
    Precision before = backend.precision();
    backend.setPrecision(precision);
    try {
      return backend.numerics();
    } finally {
      backend.setPrecision(before);
    }
  }
}
