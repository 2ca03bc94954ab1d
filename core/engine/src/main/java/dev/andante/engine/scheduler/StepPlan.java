package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import java.util.List;

/**
 * What the next step computes.
 *
 * @param scheduled each request at most once: decodes first, then prompts
 * @param preempted requests that lost their blocks to make this plan possible
 * @param admitted requests that start with this step
 */
public record StepPlan(
    List<ScheduledRequest> scheduled, List<Request> preempted, List<Admitted> admitted) {

  /**
   * A request that was let in.
   *
   * @param cached leading tokens whose KV was there already
   * @param again whether it had been in before, and was preempted
   */
  public record Admitted(Request request, int cached, boolean again) {}

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
