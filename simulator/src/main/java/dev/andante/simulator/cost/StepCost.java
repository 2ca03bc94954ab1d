package dev.andante.simulator.cost;

import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.StepPlan;
import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.PrefillCoefficients;

/**
 * How long a step takes.
 *
 * <ul>
 *   <li>Of prompts alone: {@code a0 + a1·Σn + a2·Σn(2h + n)/2}, n tokens after h that are there.
 *   <li>Of decodes alone: {@code d0 + d1·B + d2·Σcontext}.
 *   <li>Of both: the weights are read once, so the greater of a0 and d0, and the other terms of
 *       both.
 * </ul>
 */
public record StepCost(PrefillCoefficients prefill, DecodeCoefficients decode) {

  /** Seconds; 0 for an empty plan. */
  public double seconds(StepPlan plan) {
    double base = 0;
    double work = 0;
    for (ScheduledRequest one : plan.scheduled()) {
      if (one.decodes()) {
        base = Math.max(base, decode.base());
        work += decode.perRequest() + decode.perContext() * (one.context() + 1);
      } else {
        base = Math.max(base, prefill.base());
        work += prefill.seconds(one.tokens(), one.context()) - prefill.base();
      }
    }
    return base + work;
  }
}
