package dev.andante.decode;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvSource;
import dev.andante.host.engine.RunningEngine;
import dev.andante.host.grpc.Requests;
import dev.andante.kvtransfer.KvFormat;
import dev.andante.kvtransfer.KvSender;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.service.grpc.Deadlines;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The answers under way on this worker. Once it stops, their callers are told so, again and again,
 * and may have each handed over to another worker; those that are not just go on, for as long as
 * the drain waits. Any thread.
 */
final class HandOvers {

  /** Makes the sender of an engine's KV in that format. */
  @FunctionalInterface
  interface Senders {
    KvSender of(RunningEngine running, KvFormat format);
  }

  /** Between two offers. A caller that nobody else was there for may have found somebody. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** A hand-over that takes longer fails, and the answer goes on here. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** Others go on being answered until it is their turn. */
  private static final int AT_ONCE = 4;

  private final Senders senders;
  private final Counter moved;
  private final Counter failed;
  private final Semaphore places = new Semaphore(AT_ONCE, true);
  private final Map<Attempt, TokenStream> streams = new ConcurrentHashMap<>();

  HandOvers(Senders senders, MeterRegistry registry, String model, String engine) {
    this.senders = senders;
    Tags tags = Tags.of("model_name", model, "engine", engine);
    this.moved = counter(registry, tags, "moved");
    this.failed = counter(registry, tags, "failed");
  }

  private static Counter counter(MeterRegistry registry, Tags tags, String outcome) {
    return Counter.builder("andante_hand_overs")
        .description("Answers that were to be handed over to another worker as this one stops")
        .tags(tags)
        .tag("outcome", outcome)
        .register(registry);
  }

  /** An answer begins; it is forgotten when it ends. */
  void add(Attempt attempt, TokenStream stream) {
    stream.whenEnded(() -> streams.remove(attempt, stream));
    streams.putIfAbsent(attempt, stream);
  }

  /** Has all answers offered to others until none is left. Returns at once. */
  void offerAll() {
    Thread _ = Thread.ofVirtual().name("hand-over-offers").start(this::keepOffering);
  }

  private void keepOffering() {
    try {
      while (!streams.isEmpty()) {
        streams.values().forEach(TokenStream::offer);
        Thread.sleep(PAUSE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Hands an answer over, which ends its stream. Waits for its turn and until it is done.
   *
   * @throws RuntimeException if it was not handed over
   */
  void handOver(RunningEngine running, HandOverRequest request) {
    Attempt attempt = Requests.attempt(request.getAttempt());
    String target = Requests.kvTarget(request.getKvTarget());
    Attempt next = new Attempt(attempt.requestId(), request.getEpoch());
    if (next.epoch() <= attempt.epoch()) {
      throw Failures.invalid(
          "epoch", "epoch must be above " + attempt.epoch() + ", not " + next.epoch());
    }
    TokenStream stream = streams.get(attempt);
    if (stream == null) {
      throw new EngineException(
          EngineException.Code.UNKNOWN_REQUEST, attempt + " is not being answered");
    }
    takePlace();
    try {
      new HandOver(running.engine(), attempt, stream, Deadlines.left(LIMIT))
          .to(target, next, source -> senders.of(running, format(running, source)));
      moved.increment();
    } catch (RuntimeException e) {
      failed.increment();
      throw e;
    } finally {
      places.release();
    }
  }

  private static KvFormat format(RunningEngine running, KvSource source) {
    KvFormat own = running.kvFormat();
    return source == KvSource.EQUAL ? own : own.ofOtherNumerics();
  }

  private void takePlace() {
    try {
      if (places.tryAcquire(Deadlines.left(LIMIT).toNanos(), TimeUnit.NANOSECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw Failures.of(
        Status.Code.RESOURCE_EXHAUSTED, "saturated", "too many hand-overs at once", true);
  }
}
