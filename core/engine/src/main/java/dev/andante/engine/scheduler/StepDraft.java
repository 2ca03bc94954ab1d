package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.util.ArrayList;
import java.util.List;

/** A plan in the making. */
final class StepDraft {

  private final List<ScheduledRequest> scheduled = new ArrayList<>();
  private final List<Request> preempted = new ArrayList<>();
  private final List<StepPlan.Admitted> admitted = new ArrayList<>();
  private int logitRows;

  void schedule(Request request, int tokens, int drafts) {
    ScheduledRequest one = ScheduledRequest.of(request, tokens, drafts);
    scheduled.add(one);
    logitRows += one.logitRows();
  }

  int logitRows() {
    return logitRows;
  }

  void preempted(Request request) {
    preempted.add(request);
  }

  /** Whether nothing is to be done and nothing has changed. */
  boolean isEmpty() {
    return scheduled.isEmpty() && preempted.isEmpty();
  }

  boolean anyPreempted() {
    return !preempted.isEmpty();
  }

  boolean wasPreempted(Request request) {
    return preempted.contains(request);
  }

  /** To be called before the request starts. */
  void admitted(Request request, int cached) {
    boolean again = request.state() == RequestState.PREEMPTED;
    admitted.add(new StepPlan.Admitted(request, cached, request.blocks().loaded(), again));
  }

  StepPlan plan(boolean cut) {
    return new StepPlan(scheduled, preempted, admitted, cut);
  }
}
