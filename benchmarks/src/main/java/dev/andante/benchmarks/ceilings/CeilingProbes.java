package dev.andante.benchmarks.ceilings;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** All probes on the class path. */
public final class CeilingProbes {

  private final List<CeilingProbe> probes;

  CeilingProbes(List<CeilingProbe> probes) {
    this.probes = List.copyOf(probes);
  }

  public static CeilingProbes available() {
    return new CeilingProbes(
        ServiceLoader.load(CeilingProbe.class).stream().map(ServiceLoader.Provider::get).toList());
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
