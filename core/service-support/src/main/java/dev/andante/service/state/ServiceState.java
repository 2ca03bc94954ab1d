package dev.andante.service.state;

import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Life cycle of a process as others see it.
 *
 * <pre>
 * STARTING → READY ⇄ STARTING (a check fails again) → DRAINING
 *     └────────┴──→ FAILED (until the process is replaced)
 * </pre>
 */
public final class ServiceState {

  /** What a load balancer acts on. */
  public enum Phase {
    /** Not yet, or not any more: see the reason. */
    STARTING,
    READY,
    /** No new work; what runs may finish. */
    DRAINING,
    /** No work ever again: see the reason. Liveness fails too. */
    FAILED
  }

  /**
   * @param reason why the phase is not READY, else empty
   */
  public record Snapshot(Phase phase, String reason) {}

  private final List<ReadinessCheck> checks;
  private final List<LivenessCheck> lives;
  private final AtomicBoolean draining = new AtomicBoolean();
  private final Queue<Runnable> whenDraining = new ConcurrentLinkedQueue<>();

  public ServiceState(List<ReadinessCheck> checks) {
    this(checks, List.of());
  }

  public ServiceState(List<ReadinessCheck> checks, List<LivenessCheck> lives) {
    this.checks = List.copyOf(checks);
    this.lives = List.copyOf(lives);
  }

  public Snapshot snapshot() {
    Optional<String> dead = deadReason();
    if (dead.isPresent()) {
      return new Snapshot(Phase.FAILED, dead.get());
    }
    if (draining.get()) {
      return new Snapshot(Phase.DRAINING, "the process is stopping");
    }
    for (ReadinessCheck check : checks) {
      Optional<String> reason = check.notReadyReason();
      if (reason.isPresent()) {
        return new Snapshot(Phase.STARTING, reason.get());
      }
    }
    return new Snapshot(Phase.READY, "");
  }

  public boolean ready() {
    return snapshot().phase() == Phase.READY;
  }

  /** Why the process must be replaced, if it must. */
  public Optional<String> deadReason() {
    return lives.stream().map(LivenessCheck::deadReason).flatMap(Optional::stream).findFirst();
  }

  public boolean draining() {
    return draining.get();
  }

  /** From now on no new work; cannot be undone. */
  public void drain() {
    draining.set(true);
    tellWhoWaits();
  }

  /**
   * Has something done once, when the process begins to drain, or now if it drains already.
   *
   * @param task must not block; runs on the thread that drains, or the caller's
   */
  public void whenDraining(Runnable task) {
    whenDraining.add(task);
    if (draining.get()) {
      tellWhoWaits();
    }
  }

  private void tellWhoWaits() {
    for (Runnable task = whenDraining.poll(); task != null; task = whenDraining.poll()) {
      task.run();
    }
  }
}
