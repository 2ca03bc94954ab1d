package dev.andante.engine.scheduler;

import dev.andante.engine.Resumption;
import dev.andante.engine.request.Request;
import java.util.List;

/**
 * What the next step computes.
 *
 * @param scheduled each request at most once: decodes first, then prompts
 * @param preempted requests that lost their blocks to make this plan possible
 * @param admitted requests that start with this step
 * @param cut whether prompts get fewer rows than there are, lest running answers wait too long for
 *     their next token
 */
public record StepPlan(
    List<ScheduledRequest> scheduled,
    List<Request> preempted,
    List<Admitted> admitted,
    boolean cut) {

  /**
   * A request that was let in.
   *
   * @param cached leading tokens whose KV was there already
   * @param loaded blocks of these that came from a tier below the pool
   * @param again whether it had been in before, and was preempted
   */
  public record Admitted(Request request, int cached, int loaded, boolean again) {

    /** How it got its KV back, if it was preempted. */
    public Resumption resumption(int blockSize) {
      if (loaded > 0) {
        return Resumption.SWAPPED;
      }
      return cached >= (request.size() - 1) / blockSize * blockSize
          ? Resumption.KEPT
          : Resumption.RECOMPUTED;
    }
  }

  public StepPlan {
    scheduled = List.copyOf(scheduled);
    preempted = List.copyOf(preempted);
    admitted = List.copyOf(admitted);
  }

  public boolean isEmpty() {
    return scheduled.isEmpty();
  }

  public int rows() {
    int rows = 0;
    for (ScheduledRequest one : scheduled) {
      rows += one.rows();
    }
    return rows;
  }
}
