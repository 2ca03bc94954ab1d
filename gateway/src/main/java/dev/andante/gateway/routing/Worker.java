package dev.andante.gateway.routing;

import dev.andante.gateway.config.GatewayProperties.RetryBudget;
import dev.andante.protocol.v1.WorkerStatus;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * One worker as the gateway knows it: what it last said of itself, and what this gateway has sent
 * there since, which its status does not show yet. Any thread.
 */
public final class Worker {

  /**
   * @param fingerprint of the model it serves
   * @param nanos when it was received, {@link System#nanoTime}
   */
  record Report(WorkerStatus status, String fingerprint, long nanos) {}

  /** More at a time nobody has: whoever says so does not know. */
  static final int MOST_BELIEVED = 1000;

  /** Tokens; nobody has larger ones. */
  private static final int LARGEST_BLOCK = 1 << 16;

  private final WorkerKind kind;
  private final String target;
  private final AnswerTimes answerTimes;
  private final Silence silence;
  private final CallGuard guard;
  private final CallBudget retryBudget;
  private final KeptBlocks kept = new KeptBlocks();
  private final AtomicLong outstanding = new AtomicLong();
  private volatile @Nullable Report report;

  /**
   * @param clock as {@link System#nanoTime}
   */
  Worker(WorkerKind kind, String target, WorkerLimits limits, LongSupplier clock) {
    this.kind = kind;
    this.target = target;
    this.answerTimes = new AnswerTimes(clock);
    this.silence = new Silence(target, clock);
    this.guard = new CallGuard(target, limits.circuitBreaking(), clock);
    RetryBudget budget = limits.retryBudget();
    this.retryBudget =
        new CallBudget(budget.share(), budget.perSecond(), budget.most(), budget.most(), clock);
  }

  public WorkerKind kind() {
    return kind;
  }

  /** {@code host:port} of its gRPC server. */
  public String target() {
    return target;
  }

  /** What it calls itself; its address before it has said so. */
  public String instance() {
    Report current = report;
    return current == null ? target : current.status().getInstance();
  }

  /**
   * A call to it: its work is in this gateway's hands, it is counted, and left when the worker
   * hangs.
   *
   * @param work answers on decode, prompt tokens on prefill
   * @param blames whether a failure of the call is the worker's own
   */
  public <T> Flux<T> over(long work, Flux<T> call, Predicate<Throwable> blames) {
    return Flux.defer(
        () -> {
          begin(work);
          return guard.over(silence.over(call), blames).doFinally(_ -> end(work));
        });
  }

  void begin(long work) {
    outstanding.addAndGet(work);
  }

  void end(long work) {
    outstanding.addAndGet(-work);
  }

  /** Of a decode worker: how long this gateway's answers are there. */
  public AnswerTimes answerTimes() {
    return answerTimes;
  }

  /** Leaves its calls when it hangs. */
  public Silence silence() {
    return silence;
  }

  /** Counts its calls. */
  CallGuard guard() {
    return guard;
  }

  /** For calls that repeat others which brought nothing. */
  public CallBudget retryBudget() {
    return retryBudget;
  }

  /** What its prefix cache holds, as far as it tells. */
  KeptBlocks kept() {
    return kept;
  }

  /** Tokens per block; 0 before it has said so. */
  int blockSize() {
    Report current = report;
    return current == null ? 0 : Math.clamp(current.status().getBlockSize(), 0, LARGEST_BLOCK);
  }

  long outstanding() {
    return outstanding.get();
  }

  @Nullable Report report() {
    return report;
  }

  /** Whether it has said something of itself after that time, {@link System#nanoTime}. */
  boolean heardSince(long nanos) {
    Report current = report;
    return current != null && current.nanos() - nanos > 0;
  }

  /**
   * Answers in its hands, of a decode worker. The status lags behind what this gateway sent; other
   * gateways are seen only in the status.
   */
  long answers() {
    Report current = report;
    long reported =
        current == null ? 0 : (long) current.status().getRunning() + current.status().getWaiting();
    return Math.max(reported, outstanding());
  }

  /** Prompts in its hands as it last said, of a prefill worker. */
  long prompts() {
    Report current = report;
    return current == null
        ? 0
        : Math.max(0L, current.status().getRunning()) + Math.max(0L, current.status().getWaiting());
  }

  /** Tokens of prompts in its hands, of a prefill worker. */
  long queuedTokens() {
    Report current = report;
    long reported = current == null ? 0 : current.status().getQueuedPromptTokens();
    return Math.max(reported, outstanding());
  }

  /** Tokens there is room for. */
  long freeTokens() {
    Report current = report;
    return current == null
        ? 0
        : (long) current.status().getFreeBlocks() * current.status().getBlockSize();
  }

  void report(Report next) {
    report = next;
  }

  /** Where prefill must push KV to. */
  public String kvTarget() {
    Report current = report;
    String address = current == null ? "" : current.status().getKvAddress();
    return address.isEmpty() ? target : address;
  }
}
