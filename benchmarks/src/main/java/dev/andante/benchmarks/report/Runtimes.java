package dev.andante.benchmarks.report;

import dev.andante.compute.Backend;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a figure has to name so that it can be compared: backend, JDK, flags. */
public final class Runtimes {

  /** Formats of arithmetic, as they stand between the dashes of {@link Backend#numerics()}. */
  private static final List<String> COMPUTE_FORMATS = List.of("f32", "bf16", "s8");

  private Runtimes() {}

  /** Name, description and the format that products are computed in. */
  public static Map<String, Object> backend(Backend backend) {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("backend", backend.name());
    about.put("description", backend.description());
    about.put("compute_format", computeFormat(backend.numerics()));
    return about;
  }

  /** The first format that the numerics name; f32 if they name none. */
  static String computeFormat(String numerics) {
    return List.of(numerics.split("-")).stream()
        .filter(COMPUTE_FORMATS::contains)
        .findFirst()
        .orElse("f32");
  }

  /** Version, vendor and the flags that this JVM was started with. */
  public static Map<String, Object> jvm() {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put(
        "jdk",
        System.getProperty("java.vendor") + " " + System.getProperty("java.runtime.version"));
    about.put("jvm_flags", ManagementFactory.getRuntimeMXBean().getInputArguments());
    return about;
  }
}
