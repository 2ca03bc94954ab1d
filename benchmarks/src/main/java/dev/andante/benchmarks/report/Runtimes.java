package dev.andante.benchmarks.report;

import dev.andante.compute.Backend;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a figure has to name so that it can be compared: backend, JDK, flags. */
public final class Runtimes {

  /** How {@link Backend#numerics()} name a format of arithmetic, and what it is called here. */
  private static final Map<String, String> FORMATS =
      Map.of("f32", "f32", "bf16", "bf16", "s8", "s8", "i8", "s8");

  private Runtimes() {}

  /** Name, description and the format that products are computed in. */
  public static Map<String, Object> backend(Backend backend) {
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("backend", backend.name());
    about.put("description", backend.description());
    about.put("precision", backend.precision().name().toLowerCase(Locale.ROOT));
    about.put("compute_format", computeFormat(backend.numerics()));
    return about;
  }

  /** f32, bf16 or s8: the first that a part between dashes begins with; f32 if none does. */
  public static String computeFormat(String numerics) {
    for (String part : numerics.split("-")) {
      for (Map.Entry<String, String> format : FORMATS.entrySet()) {
        if (part.startsWith(format.getKey())) {
          return format.getValue();
        }
      }
    }
    return "f32";
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
