package dev.andante.simulator.serving;

import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.cost.StepCost;
import dev.andante.simulator.cost.StepNoise;
import dev.andante.simulator.events.EventLog;
import dev.andante.simulator.events.EventQueue;
import dev.andante.simulator.trace.Trace;
import dev.andante.simulator.trace.TraceRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Serves one trace with one engine. Single use; one thread. */
public final class Simulation implements SimulatedEngine.Results {

  private sealed interface Event {}

  private record Arrival(int index) implements Event {}

  /** Time to look whether something can run that could not before. */
  private record Retry() implements Event {}

  private record StepEnd(StepPlan plan, long nanos) implements Event {}

  /** How long the engine's thread waits when requests are there and none can run. */
  private static final long BLOCKED_NANOS = 1_000_000;

  /** Without a step for so many looks in a row, ten minutes, nobody will ever run. */
  private static final int MOST_RETRIES = 600_000;

  /** Steps between two comparisons of blocks and their owners. */
  private static final int CHECK_EVERY = 64;

  private static final int ARRIVED = 1;
  private static final int REJECTED = 2;
  private static final int STEP = 3;
  private static final int FED = 4;
  private static final int PREEMPTED = 5;
  private static final int FINISHED = 6;

  private final Profile profile;
  private final StepNoise noise;
  private final Trace trace;
  private final EventQueue<Event> events = new EventQueue<>();
  private final EventLog log = new EventLog();
  private final SimulatedEngine engine;
  private final List<RequestOutcome> outcomes = new ArrayList<>();
  private final Samples betweenTokens = new Samples();
  private @Nullable StepPlan underWay;
  private boolean retrying;
  private int retries;
  private long busyNanos;
  private long lastEnd;
  private long steps;
  private long tokens;
  private long preemptions;
  private int present;
  private long presentSince;
  private double presentSeconds;

  /**
   * @param partTokens that a name of a shared prefix stands for
   */
  public Simulation(Profile profile, ServingPolicy policy, Trace trace, int partTokens) {
    this(profile, StepNoise.none(), policy, trace, partTokens);
  }

  /**
   * @param noise by which steps differ from the profile's cost; this simulation's alone
   * @param partTokens that a name of a shared prefix stands for
   */
  public Simulation(
      Profile profile, StepNoise noise, ServingPolicy policy, Trace trace, int partTokens) {
    this.profile = profile;
    this.noise = noise;
    this.trace = trace;
    this.engine = new SimulatedEngine(profile, policy, events::nanoTime, partTokens);
  }

  /**
   * @throws IllegalStateException if the engine broke one of its own rules: blocks lost or owned
   *     twice, or requests that nobody will ever serve
   */
  public Outcome run() {
    try (engine) {
      return serve();
    }
  }

  private Outcome serve() {
    List<TraceRequest> requests = trace.requests();
    for (int i = 0; i < requests.size(); i++) {
      events.schedule(Math.round(requests.get(i).arrivalSeconds() * 1e9), new Arrival(i));
    }
    while (!events.isEmpty()) {
      switch (events.next()) {
        case Arrival(int index) -> arrive(index);
        case Retry() -> retrying = false;
        case StepEnd(StepPlan plan, long nanos) -> end(plan, nanos);
      }
      if (underWay == null) {
        begin();
      }
    }
    engine.checkIntegrity();
    return new Outcome(
        outcomes,
        betweenTokens,
        lastEnd / 1e9,
        busyNanos / 1e9,
        tokens,
        preemptions,
        presentSeconds,
        log.hash());
  }

  private void arrive(int index) {
    Session session = new Session(index, trace.requests().get(index), events.nanoTime());
    if (profile.holds(session.trace().totalTokens())) {
      log.add(events.nanoTime(), ARRIVED, index, session.trace().totalTokens());
      present(1);
      engine.add(session);
    } else {
      log.add(events.nanoTime(), REJECTED, index, session.trace().totalTokens());
      session.timeline().abort();
      outcomes.add(session.outcome(true, events.nanoTime()));
    }
  }

  private void begin() {
    if (!engine.hasWork()) {
      return;
    }
    StepPlan plan = engine.schedule();
    plan.preempted().forEach(one -> log.add(events.nanoTime(), PREEMPTED, one.arrival(), 0));
    preemptions += plan.preempted().size();
    if (plan.isEmpty()) {
      blocked();
      return;
    }
    retries = 0;
    long nanos = Math.max(1, Math.round(seconds(plan) * 1e9));
    log.add(events.nanoTime(), STEP, plan.scheduled().size(), nanos);
    for (ScheduledRequest one : plan.scheduled()) {
      log.add(events.nanoTime(), FED, one.request().arrival(), one.rows());
    }
    long copying = engine.takeCopyNanos(); // before the step, on the engine's thread
    busyNanos += copying + nanos;
    underWay = plan;
    events.schedule(events.nanoTime() + copying + nanos, new StepEnd(plan, nanos));
  }

  private double seconds(StepPlan plan) {
    return profile.cost().seconds(plan) * noise.next(StepCost.hasPrompts(plan));
  }

  private void blocked() {
    if (++retries > MOST_RETRIES) {
      throw new IllegalStateException(present + " requests wait and none of them ever runs");
    }
    if (!retrying) {
      retrying = true;
      events.schedule(events.nanoTime() + BLOCKED_NANOS, new Retry());
    }
  }

  private void end(StepPlan plan, long nanos) {
    underWay = null;
    lastEnd = events.nanoTime();
    engine.update(plan, nanos, this);
    if (++steps % CHECK_EVERY == 0) {
      engine.checkIntegrity();
    }
  }

  @Override
  public void token(Session session) {
    double gap = session.deliver(events.nanoTime());
    tokens++;
    if (!Double.isNaN(gap)) {
      betweenTokens.add(gap);
    }
  }

  @Override
  public void finished(Session session) {
    log.add(events.nanoTime(), FINISHED, session.index(), session.tokens());
    session.timeline().finish();
    present(-1);
    outcomes.add(session.outcome(false, events.nanoTime()));
  }

  /** Counts requests in the system, for Little's law. */
  private void present(int more) {
    presentSeconds += present * ((events.nanoTime() - presentSince) / 1e9);
    presentSince = events.nanoTime();
    present += more;
  }
}
