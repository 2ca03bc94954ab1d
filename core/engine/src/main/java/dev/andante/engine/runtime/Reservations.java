package dev.andante.engine.runtime;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.scheduler.Scheduler;
import dev.andante.engine.transfer.ReservationLine;
import dev.andante.engine.transfer.Transfer;
import dev.andante.engine.transfer.Transfers;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Who gets blocks to push KV into: at once, or after others. Engine thread. */
final class Reservations {

  private final EngineConfig config;
  private final BlockPool blocks;
  private final Transfers transfers;
  private final Scheduler scheduler;
  private final Admission admission;
  private final ActiveRequests active;
  private final Consumer<Attempt> overtake;
  private final LongSupplier nanoTime;
  private final ReservationLine line;

  /**
   * @param overtake fails older attempts of a request that are answered here
   */
  Reservations(
      EngineConfig config,
      BlockPool blocks,
      Transfers transfers,
      Scheduler scheduler,
      Admission admission,
      ActiveRequests active,
      Consumer<Attempt> overtake,
      LongSupplier nanoTime) {
    this.config = config;
    this.blocks = blocks;
    this.transfers = transfers;
    this.scheduler = scheduler;
    this.admission = admission;
    this.active = active;
    this.overtake = overtake;
    this.nanoTime = nanoTime;
    this.line = new ReservationLine(config.maxWaiting());
  }

  /**
   * Of whoever does not wait.
   *
   * @throws EngineException SATURATED also while others wait
   */
  KvReservation now(Attempt attempt, PromptTokens prompt, KvSource source) {
    line.overtake(attempt);
    if (transfers.ofRequest(attempt.requestId()) == null && !line.isEmpty()) {
      throw new EngineException(
          Code.SATURATED, "others wait for KV blocks; try another worker or wait too");
    }
    return make(attempt, prompt, source);
  }

  /** Of whoever waits, until {@link #serve} completes the answer. */
  void later(
      Attempt attempt,
      PromptTokens prompt,
      KvSource source,
      long deadline,
      CompletableFuture<KvReservation> answer) {
    admission.check(prompt);
    active.check(attempt, false);
    line.add(attempt, prompt, source, deadline, answer);
  }

  /** Blocks may have come free for those who wait. */
  void serve() {
    if (!line.isEmpty()) {
      line.serve(
          this::make,
          blocks.free() - scheduler.spokenFor(),
          nanoTime.getAsLong(),
          transfers::release);
    }
  }

  void failAll(EngineException failure) {
    line.failAll(failure);
  }

  private KvReservation make(Attempt attempt, PromptTokens prompt, KvSource source) {
    admission.check(prompt);
    active.check(attempt, false);
    overtake.accept(attempt);
    Transfer transfer = transfers.reserve(attempt, prompt, source, scheduler.spokenFor());
    return new KvReservation(transfer.handle(), config.lease().toMillis(), transfer.cachedTokens());
  }
}
