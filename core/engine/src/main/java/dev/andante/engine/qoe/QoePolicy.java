package dev.andante.engine.qoe;

import dev.andante.engine.kvcache.CachedKv;
import dev.andante.engine.request.Request;
import dev.andante.engine.scheduler.PolicySource;
import dev.andante.engine.scheduler.SchedulingPolicy;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpec;
import dev.andante.qoe.batch.Admission;
import dev.andante.qoe.batch.BatchDecision;
import dev.andante.qoe.batch.BatchPolicy;
import dev.andante.qoe.batch.BatchRequest;
import dev.andante.qoe.batch.BatchSelector;
import dev.andante.qoe.batch.BatchState;
import dev.andante.qoe.batch.SwapOrRecompute;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs whose readers gain most by it ({@link BatchSelector}), once memory or time is short; until
 * then everybody, with the prompts in the order of what they gain. Who is not chosen is held, and
 * keeps its blocks until one that was chosen needs them, so that going on later costs nothing as
 * long as there is room.
 *
 * <p>How long steps take is learnt from the steps. While there is pressure a decision stands for
 * {@code interval}: between two steps little changes.
 */
public final class QoePolicy implements SchedulingPolicy {

  /** How long a decision stands, unless told otherwise. */
  public static final Duration INTERVAL = Duration.ofMillis(100);

  /** The level of who is chosen; above it are prompts under way that others go before. */
  private static final int LET_IN = 0;

  /** Beyond all arrivals: who enters comes after who stays. */
  private static final long ENTERING = 1L << 62;

  /**
   * The engine's sizes.
   *
   * @param blockSize tokens per KV block
   * @param blocks of the pool
   * @param maxSequences requests that run at once
   */
  public record Limits(int blockSize, int blocks, int maxSequences) {

    long capacityTokens() {
      return (long) blockSize * blocks;
    }
  }

  private final BatchSelector selector;
  private final Limits limits;
  private final CachedKv kv;
  private final long intervalNanos;
  private final Function<Request, QoeSpec> readers;
  private final LongSupplier nanoTime;
  private final StepTimes times = new StepTimes();
  private final Map<Request, Tracked> tracked = new LinkedHashMap<>();
  private boolean pressure;
  private long decided;
  private long requests;
  private long preemptions;
  private boolean promotedAny;
  private long promotedNanos;
  private @Nullable Tracked promoted; // until it has a token

  /**
   * @param kv what there is of a request's KV
   * @param interval how long a decision stands under pressure, not negative
   * @param readers what the reader of a request expects
   */
  public QoePolicy(
      BatchPolicy policy,
      Limits limits,
      CachedKv kv,
      Duration interval,
      Function<Request, QoeSpec> readers,
      LongSupplier nanoTime) {
    this.selector = new BatchSelector(policy);
    this.limits = limits;
    this.kv = kv;
    this.intervalNanos = interval.toNanos();
    this.readers = readers;
    this.nanoTime = nanoTime;
  }

  /**
   * For {@link dev.andante.engine.runtime.Engines#start}: the readers are those that the requests
   * name.
   */
  public static PolicySource source() {
    return (config, kv, stepTime, nanoTime, observer) ->
        new QoePolicy(
            BatchPolicy.DEFAULT,
            new Limits(config.blockSize(), config.blocks(), config.maxSequences()),
            kv,
            INTERVAL,
            QoePolicy::expected,
            nanoTime);
  }

  /** What a reader does not say is as for everybody with such a prompt. */
  private static QoeSpec expected(Request request) {
    return QoeSpec.resolve(
        request.promptSize(),
        QoeOverride.NONE,
        QoeOverride.NONE,
        request.standing().reader().expects());
  }

  @Override
  public void arrived(Request request) {
    long now = nanoTime.getAsLong();
    long asked = now - request.standing().reader().waited().toNanos();
    Tracked one = new Tracked(request, readers.apply(request), asked, now);
    one.place(pressure ? HELD : LET_IN, request.arrival());
    tracked.put(request, one);
    requests++;
  }

  @Override
  public void planning() {
    long now = nanoTime.getAsLong();
    boolean anyRuns = false;
    for (Tracked one : tracked.values()) {
      one.look(now);
      anyRuns |= one.running();
    }
    if (!tracked.isEmpty() && (!pressure || !anyRuns || now - decided >= intervalNanos)) {
      decided = now;
      decide(now);
    }
  }

  private void decide(long now) {
    List<BatchRequest> running = new ArrayList<>();
    List<BatchRequest> waiting = new ArrayList<>();
    tracked.values().forEach(one -> one.find(kv));
    long room = room();
    for (Tracked one : tracked.values()) {
      BatchRequest snapshot = one.snapshot(limits, room);
      (one.running() ? running : waiting).add(snapshot);
    }
    apply(
        selector.decide(
            new BatchState(
                now,
                running,
                waiting,
                limits.capacityTokens(),
                limits.maxSequences(),
                times.decode(),
                new SwapOrRecompute(times.prefill(), kv.loadSecondsPerToken()),
                history(now))),
        now);
  }

  /**
   * Tokens whose KV memory below the pool could take: all that those do not need who wait and ran
   * before. What others left there is given up first. Each request is weighed as if it were the
   * only one to leave.
   */
  private long room() {
    long room = kv.tokensInMemory();
    if (room > 0) {
      for (Tracked one : tracked.values()) {
        room -= one.running() ? 0 : one.owed(limits);
      }
    }
    return room;
  }

  private BatchState.History history(long now) {
    return new BatchState.History(
        requests,
        preemptions,
        promotedAny ? Math.max(0, (now - promotedNanos) / 1e9) : Double.POSITIVE_INFINITY,
        promoted == null ? OptionalLong.empty() : OptionalLong.of(promoted.request().arrival()));
  }

  private void apply(BatchDecision decision, long now) {
    pressure = decision.pressure();
    Map<Long, Tracked> byArrival = new LinkedHashMap<>();
    for (Tracked one : tracked.values()) {
      one.place(HELD, one.request().arrival());
      byArrival.put(one.request().arrival(), one);
    }
    for (BatchRequest kept : decision.keep()) {
      place(byArrival, kept, kept.arrival());
    }
    long entering = ENTERING;
    for (Admission admission : decision.admit()) {
      place(byArrival, admission.request(), entering++);
    }
    order(decision.prompts(), byArrival, entering);
    decision.promoted().ifPresent(one -> promote(byArrival.get(one.arrival()), now));
    // What can never fit is refused before it comes here; should it come, the scheduler decides.
    for (BatchRequest refused : decision.refuse()) {
      place(byArrival, refused, entering++);
    }
  }

  private void promote(@Nullable Tracked one, long now) {
    if (one != promoted) {
      promotedAny = true;
      promotedNanos = now;
      promoted = one;
    }
  }

  /**
   * Prompts go in that order. One that is to go before others that are under way outranks them, or
   * it would not start before they are done.
   */
  private static void order(
      List<BatchRequest> prompts, Map<Long, Tracked> byArrival, long position) {
    int level = LET_IN;
    boolean entering = false;
    for (BatchRequest prompt : prompts) {
      Tracked one = byArrival.get(prompt.arrival());
      if (one != null) {
        level += one.running() && entering ? 1 : 0;
        entering = !one.running();
        one.place(level, position++);
      }
    }
  }

  private static void place(Map<Long, Tracked> byArrival, BatchRequest request, long position) {
    Tracked one = byArrival.get(request.arrival());
    if (one != null) {
      one.place(LET_IN, position);
    }
  }

  @Override
  public int level(Request request) {
    Tracked one = tracked.get(request);
    return one == null ? LET_IN : one.level();
  }

  @Override
  public long position(Request request) {
    Tracked one = tracked.get(request);
    return one == null ? request.arrival() : one.position();
  }

  @Override
  public void ran(StepPlan plan, long nanos) {
    times.observe(plan, nanos);
    preemptions += plan.preempted().size();
    long now = nanoTime.getAsLong();
    for (Tracked one : tracked.values()) {
      if (one.progress(now) && one == promoted) {
        promoted = null;
      }
    }
  }

  @Override
  public void left(Request request) {
    Tracked gone = tracked.remove(request);
    promoted = gone == promoted ? null : promoted;
  }
}
