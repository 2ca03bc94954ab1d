package dev.andante.benchmarks.ceilings;

import dev.andante.compute.BackendProvider;
import dev.andante.compute.Backends;
import dev.andante.compute.Precision;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/** All that can measure a ceiling here. */
public final class CeilingProbes {

  /** One is not meant to be fast, one cannot exceed a probe that is there, one is no CPU. */
  private static final Set<String> WITHOUT_A_PROBE = Set.of("reference", "vector", "cuda");

  private final List<CeilingProbe> probes;

  CeilingProbes(List<CeilingProbe> probes) {
    this.probes = List.copyOf(probes);
  }

  /** The probes of libraries and instruction sets, and one for each format of the CPU backends. */
  public static CeilingProbes available() {
    List<CeilingProbe> probes = new ArrayList<>();
    ServiceLoader.load(CeilingProbe.class).forEach(probes::add);
    for (BackendProvider provider : Backends.providers()) {
      if (!WITHOUT_A_PROBE.contains(provider.name())) {
        Map<Ceiling, CeilingProbe> byKind = new EnumMap<>(Ceiling.class);
        for (Precision precision : Precision.values()) {
          BackendCeiling.of(provider, precision)
              .ifPresent(probe -> probe.kinds().forEach(kind -> byKind.put(kind, probe)));
        }
        probes.addAll(byKind.values());
      }
    }
    return new CeilingProbes(probes);
  }

  /** The sources of each kind that can be measured here. */
  public Map<String, List<String>> describe() {
    Map<String, List<String>> kinds = new LinkedHashMap<>();
    for (Ceiling kind : Ceiling.values()) {
      List<String> sources = of(kind).stream().map(CeilingProbe::source).sorted().toList();
      if (!sources.isEmpty()) {
        kinds.put(kind.id(), sources);
      }
    }
    return kinds;
  }

  /** One sample from each probe of the kind, by source; empty if there is none. */
  public Map<String, Double> sample(Ceiling kind, int threads, long bytes) {
    Map<String, Double> samples = new TreeMap<>();
    for (CeilingProbe probe : of(kind)) {
      samples.put(probe.source(), probe.sample(kind, threads, bytes));
    }
    return samples;
  }

  private List<CeilingProbe> of(Ceiling kind) {
    return probes.stream().filter(probe -> probe.kinds().contains(kind)).toList();
  }
}
