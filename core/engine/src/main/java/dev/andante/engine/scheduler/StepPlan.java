package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import java.util.List;

/**
 * What the next step computes.
 *
 * @param scheduled each request at most once: decodes first, then prompts
 * @param preempted requests that lost their blocks to make this plan possible
 */
public record StepPlan(List<ScheduledRequest> scheduled, List<Request> preempted) {

  public StepPlan {
    scheduled = List.copyOf(scheduled);
    preempted = List.copyOf(preempted);
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
