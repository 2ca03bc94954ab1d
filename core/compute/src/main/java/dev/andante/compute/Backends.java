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
   * the choice in one line. One that cannot start after all is a warning and the next best is
   * taken, unless it was named.
   *
   * @throws BackendException if a named one is missing, unavailable or cannot start, or none can
   */
  public static Backend open(String name, ComputePool pool, Precision precision) {
    return open(name, pool, precision, providers());
  }

  /**
   * @param providers best first
   */
  static Backend open(
      String name, ComputePool pool, Precision precision, List<BackendProvider> providers) {
    Backend backend =
        name.equals(AUTO)
            ? best(pool, precision, providers)
            : named(name, providers).create(pool, precision);
    LOG.log(
        System.Logger.Level.INFO,
        "compute backend {0} ({1}), {2}; {3}",
        backend.name(),
        backend.description(),
        name.equals(AUTO) ? "best available" : "set by configuration",
        describe(providers));
    return backend;
  }

  private static Backend best(
      ComputePool pool, Precision precision, List<BackendProvider> providers) {
    for (BackendProvider provider : providers) {
      if (provider.isAvailable()) {
        try {
          return provider.create(pool, precision);
        } catch (BackendException e) {
          LOG.log(
              System.Logger.Level.WARNING,
              "backend {0} cannot start, the next best is taken: {1}",
              provider.name(),
              e.getMessage());
        }
      }
    }
    throw new BackendException("no backend can start; " + describe(providers));
  }

  private static BackendProvider named(String name, List<BackendProvider> providers) {
    BackendProvider provider =
        providers.stream()
            .filter(p -> p.name().equals(name))
            .findFirst()
            .orElseThrow(
                () -> new BackendException("no backend '" + name + "'; " + describe(providers)));
    if (!provider.isAvailable()) {
      throw new BackendException(
          "backend '"
              + name
              + "' is not available: "
              + provider.unavailableReason()
              + "; "
              + describe(providers));
    }
    return provider;
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
