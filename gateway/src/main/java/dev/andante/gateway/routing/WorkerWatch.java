package dev.andante.gateway.routing;

import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.config.GatewayProperties.Discovery;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.GrpcChannels;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Keeps the registry true: asks discovery for addresses on its own thread (it may block), asks
 * every worker for its status as soon as it is listed and then at a fixed pace, fetches a model's
 * tokenizer the first time one is seen, and has the calls to a worker left that answers no more.
 */
public final class WorkerWatch implements SmartLifecycle {

  private static final Logger LOG = LoggerFactory.getLogger(WorkerWatch.class);

  private static final Duration ASK_KV_AGAIN = Duration.ofSeconds(2);

  /** Between two rounds of questions, which come several times a second. */
  private static final Duration LONGEST_ROUND = Duration.ofSeconds(1);

  private final Discovery properties;
  private final DiscoveryClient discovery;
  private final MeshClient client;
  private final GrpcChannels channels;
  private final WorkerRegistry registry;
  private final KvFollower kv;
  private final long silentNanos;
  private final Set<String> asking = ConcurrentHashMap.newKeySet();
  private final Map<String, Mono<String>> fetching = new ConcurrentHashMap<>();
  private Disposable.@Nullable Composite running;

  /**
   * @param prefixAware whether workers are asked what their prefix caches hold
   */
  public WorkerWatch(
      Discovery properties,
      DiscoveryClient discovery,
      MeshClient client,
      GrpcChannels channels,
      WorkerRegistry registry,
      boolean prefixAware) {
    this.properties = properties;
    this.discovery = discovery;
    this.client = client;
    this.channels = channels;
    this.registry = registry;
    this.kv = new KvFollower(prefixAware, client, ASK_KV_AGAIN);
    Duration oneAnswerLost =
        properties.statusInterval().multipliedBy(2).plus(properties.statusTimeout());
    this.silentNanos = Math.max(properties.silentAfter().toNanos(), oneAnswerLost.toNanos());
  }

  @Override
  public void start() {
    Scheduler scheduler = Schedulers.newBoundedElastic(2, 10_000, "worker-watch", 60, true);
    Duration round = properties.statusInterval().multipliedBy(2);
    Attention attention =
        new Attention(
            round.compareTo(LONGEST_ROUND) < 0 ? LONGEST_ROUND : round, System.nanoTime());
    running =
        Disposables.composite(
            Flux.interval(Duration.ZERO, properties.interval(), scheduler)
                .onBackpressureDrop()
                .subscribe(tick -> discover()),
            Flux.interval(Duration.ZERO, properties.statusInterval(), scheduler)
                .onBackpressureDrop()
                .subscribe(tick -> askAll(attention)),
            scheduler);
  }

  private void askAll(Attention attention) {
    long now = System.nanoTime();
    long attentive = attention.look(now);
    for (Worker worker : registry.workers()) {
      leaveIfSilent(worker, now, attentive);
      ask(worker);
    }
  }

  /** Its calls go on elsewhere; where there is nobody else they may as well wait for it. */
  private void leaveIfSilent(Worker worker, long now, long attentive) {
    long silent = now - silentNanos;
    Worker.Report last = worker.report();
    if (last == null
        || attentive - silent >= 0
        || worker.heardSince(silent)
        || !registry.hasAnother(worker, last.fingerprint())) {
      return;
    }
    int left = worker.silence().since(silent);
    if (left > 0) {
      LOG.warn(
          "{} worker {} at {} has been silent for {} ms; {} of its calls go on elsewhere",
          worker.kind(),
          worker.instance(),
          worker.target(),
          (now - last.nanos()) / 1_000_000,
          left);
    }
  }

  private void discover() {
    try {
      Set<String> prefill = targets(properties.prefillServiceId());
      Set<String> decode = targets(properties.decodeServiceId());
      registry.replace(WorkerKind.PREFILL, prefill);
      registry.replace(WorkerKind.DECODE, decode);
      Set<String> all = new LinkedHashSet<>(prefill);
      all.addAll(decode);
      kv.retain(registry.workers());
      channels.retain(all);
      registry.workers().stream().filter(worker -> worker.report() == null).forEach(this::ask);
    } catch (RuntimeException e) {
      LOG.warn("discovery failed, the workers known so far stay: {}", e.toString());
    }
  }

  private Set<String> targets(String serviceId) {
    return discovery.getInstances(serviceId).stream()
        .map(WorkerWatch::target)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static String target(ServiceInstance instance) {
    String host = instance.getHost();
    return (host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host)
        + ":"
        + instance.getPort();
  }

  private void ask(Worker worker) {
    String key = worker.kind() + "@" + worker.target();
    if (!asking.add(key)) {
      return; // the last question is still open
    }
    client
        .status(worker.target(), properties.statusTimeout())
        .flatMap(status -> fingerprint(worker, status).doOnNext(f -> report(worker, status, f)))
        .doFinally(signal -> asking.remove(key))
        .subscribe(
            done -> {},
            error -> LOG.debug("worker {} does not answer: {}", worker.target(), error.toString()));
  }

  private void report(Worker worker, WorkerStatus status, String fingerprint) {
    Worker.Report earlier = worker.report();
    worker.report(new Worker.Report(status, fingerprint, System.nanoTime()));
    if (earlier == null || !earlier.status().getInstance().equals(status.getInstance())) {
      LOG.info("{} worker {} at {} is here", worker.kind(), status.getInstance(), worker.target());
    }
    kv.follow(worker);
  }

  /** The model the worker serves, known to the catalog by the time this completes. */
  private Mono<String> fingerprint(Worker worker, WorkerStatus status) {
    Worker.Report earlier = worker.report();
    if (earlier != null && earlier.status().getInstance().equals(status.getInstance())) {
      return Mono.just(earlier.fingerprint()); // a process never changes its model
    }
    return client
        .modelInfo(worker.target(), false, properties.statusTimeout())
        .flatMap(
            info -> {
              String fingerprint = info.getFingerprint();
              if (registry.catalog().contains(fingerprint)) {
                return Mono.just(fingerprint);
              }
              return fetching.computeIfAbsent(fingerprint, key -> fetchModel(worker, key).cache());
            });
  }

  private Mono<String> fetchModel(Worker worker, String fingerprint) {
    return client
        .modelInfo(worker.target(), true, properties.modelInfoTimeout())
        .publishOn(Schedulers.boundedElastic()) // making a tokenizer takes CPU time
        .map(
            info -> {
              ServedModel model = ServedModel.of(info, Instant.now());
              registry.catalog().add(model);
              LOG.info(
                  "model {} (context {}, vocabulary {}) learned from {}",
                  model.name(),
                  model.contextLength(),
                  model.vocabularySize(),
                  worker.target());
              return fingerprint;
            })
        .doOnError(
            error ->
                LOG.warn("cannot learn the model of {}: {}", worker.target(), error.toString()))
        .doFinally(signal -> fetching.remove(fingerprint));
  }

  @Override
  public void stop() {
    Disposable current = running;
    if (current != null) {
      current.dispose();
    }
    kv.retain(Set.of());
    running = null;
  }

  @Override
  public boolean isRunning() {
    return running != null;
  }

  /** Stops after the HTTP server has drained. */
  @Override
  public int getPhase() {
    return 0;
  }
}
