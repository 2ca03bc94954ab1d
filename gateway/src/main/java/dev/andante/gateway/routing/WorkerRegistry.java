package dev.andante.gateway.routing;

import dev.andante.service.state.ReadinessCheck;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is known of all workers and their models. Any thread; never waits. */
public final class WorkerRegistry implements ReadinessCheck, AutoCloseable {

  private static final Duration PREFILL_GRACE = Duration.ofSeconds(5);

  private final Map<String, Worker> workers = new ConcurrentHashMap<>();
  private final ModelCatalog catalog = new ModelCatalog();
  private final long staleNanos;
  private final WorkerLimits limits;
  private final LongSupplier clock;
  private volatile long prefillListedNanos;
  private volatile boolean wasReady;

  public WorkerRegistry(Duration staleAfter, WorkerLimits limits) {
    this(staleAfter, limits, System::nanoTime);
  }

  /**
   * @param clock times the answers on workers; as {@link System#nanoTime}
   */
  WorkerRegistry(Duration staleAfter, WorkerLimits limits, LongSupplier clock) {
    this.staleNanos = staleAfter.toNanos();
    this.limits = limits;
    this.clock = clock;
  }

  /** Models that at least one decode worker serves right now, by name. */
  public List<ServedModel> models() {
    Set<String> served = new HashSet<>();
    for (Worker worker : workers.values()) {
      Worker.Report report = usable(worker);
      if (report != null && worker.kind() == WorkerKind.DECODE) {
        served.add(report.fingerprint());
      }
    }
    return catalog.all().stream()
        .filter(model -> served.contains(model.fingerprint()))
        .sorted(Comparator.comparing(ServedModel::name).thenComparing(ServedModel::since))
        .toList();
  }

  /** A model by name; of several versions the newest that is served. */
  public Optional<ServedModel> model(String name) {
    return models().stream()
        .filter(model -> model.name().equals(name))
        .max(Comparator.comparing(ServedModel::since));
  }

  /** Whether the name was ever served here: then its absence is an outage, not a mistake. */
  public boolean known(String name) {
    return catalog.all().stream().anyMatch(model -> model.name().equals(name));
  }

  /** Decode workers that may be given work now, of any model. */
  public int decodeWorkers() {
    return (int)
        workers.values().stream()
            .filter(worker -> worker.kind() == WorkerKind.DECODE && usable(worker) != null)
            .count();
  }

  /** Workers that may be given work now, of any kind and model. */
  List<Worker> usable() {
    return workers.values().stream().filter(worker -> usable(worker) != null).toList();
  }

  /** Workers of a kind that serve the model and may be given work now. */
  List<Worker> usable(WorkerKind kind, String fingerprint) {
    return workers.values().stream()
        .filter(worker -> worker.kind() == kind)
        .filter(
            worker -> {
              Worker.Report report = usable(worker);
              return report != null && report.fingerprint().equals(fingerprint);
            })
        .toList();
  }

  /** Whether another worker could do what that one does; a decode can do a prefill's work, too. */
  boolean hasAnother(Worker worker, String fingerprint) {
    return Stream.of(worker.kind(), WorkerKind.DECODE)
        .flatMap(kind -> usable(kind, fingerprint).stream())
        .anyMatch(other -> !other.equals(worker));
  }

  @Override
  public Optional<String> notReadyReason() {
    if (!models().isEmpty()) {
      if (!wasReady && awaitsFirstPrefill()) {
        return Optional.of("the prefill workers that discovery lists have not answered yet");
      }
      wasReady = true;
      return Optional.empty();
    }
    boolean decode = workers.values().stream().anyMatch(w -> w.kind() == WorkerKind.DECODE);
    return Optional.of(
        decode
            ? "no decode worker is ready with a model"
            : "discovery lists no decode worker (andante.gateway.discovery.decode-service-id)");
  }

  /** At start only, and not for long: later, or without any prefill worker, decode does it all. */
  private boolean awaitsFirstPrefill() {
    long listed = prefillListedNanos;
    return listed != 0
        && System.nanoTime() - listed < PREFILL_GRACE.toNanos()
        && workers.values().stream()
            .noneMatch(w -> w.kind() == WorkerKind.PREFILL && usable(w) != null);
  }

  /** Workers that their circuit breakers take out of service. */
  public int outOfService() {
    return (int) workers.values().stream().filter(worker -> worker.guard().isOpen()).count();
  }

  Collection<Worker> workers() {
    return List.copyOf(workers.values());
  }

  /** Makes the set of workers what discovery says. */
  void replace(WorkerKind kind, Set<String> targets) {
    if (kind == WorkerKind.PREFILL && prefillListedNanos == 0 && !targets.isEmpty()) {
      prefillListedNanos = System.nanoTime();
    }
    workers.values().removeIf(w -> w.kind() == kind && !targets.contains(w.target()));
    targets.forEach(
        target ->
            workers.computeIfAbsent(
                kind + "@" + target, key -> new Worker(kind, target, limits, clock)));
  }

  ModelCatalog catalog() {
    return catalog;
  }

  private Worker.@Nullable Report usable(Worker worker) {
    Worker.Report report = worker.report();
    return report != null
            && System.nanoTime() - report.nanos() < staleNanos
            && report.status().getReady()
            && !report.status().getDraining()
            && catalog.contains(report.fingerprint())
        ? report
        : null;
  }

  @Override
  public void close() {
    catalog.close();
  }
}
