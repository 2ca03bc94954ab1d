package dev.andante.compute;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Chooses a backend once, at start. */
public final class Backends {

  /** The name that means: the best one available. */
  public static final String AUTO = "auto";

  private static final System.Logger LOG = System.getLogger(Backends.class.getName());

  private Backends() {}

  /** All providers on the class path, best first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> found = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class).forEach(found::add);
    found.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
    return List.copyOf(found);
  }

  /** As {@link #open(String, ComputePool, Precision)}, exact. */
  public static Backend open(String name, ComputePool pool) {
    return open(name, pool, Precision.EXACT);
  }

  /**
   * Opens the backend called {@code name}, or the best available one for {@link #AUTO}, and logs
   * the choice in one line.
   *
   * @throws BackendException if a named one is missing or unavailable, or none is available
   */
  public static Backend open(String name, ComputePool pool, Precision precision) {
    List<BackendProvider> providers = providers();
    BackendProvider chosen =
        providers.stream()
            .filter(p -> name.equals(AUTO) ? p.isAvailable() : p.name().equals(name))
            .findFirst()
            .orElseThrow(
                () -> new BackendException("no backend '" + name + "'; " + describe(providers)));
    if (!chosen.isAvailable()) {
      throw new BackendException(
          "backend '"
              + name
              + "' is not available: "
              + chosen.unavailableReason()
              + "; "
              + describe(providers));
    }
    Backend backend = chosen.create(pool, precision);
    LOG.log(
        System.Logger.Level.INFO,
        "compute backend {0} ({1}), {2}; {3}",
        backend.name(),
        backend.description(),
        name.equals(AUTO) ? "best available" : "set by configuration",
        describe(providers));
    return backend;
  }

  private static String describe(List<BackendProvider> providers) {
    return providers.stream()
        .map(
            p ->
                p.name()
                    + (p.isAvailable() ? " available" : " unavailable: " + p.unavailableReason()))
        .collect(Collectors.joining(", ", "found: ", ""));
  }
}
