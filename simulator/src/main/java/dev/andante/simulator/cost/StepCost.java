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
 *   <li>Of both: the weights are read once, so the greater of a0 and d0; of the other terms both,
 *       but e for each decode in place of d1, since a row more among many costs less than one
 *       alone.
 * </ul>
 *
 * @param besidePrompts e, seconds a decode in a step with prompts
 */
public record StepCost(
    PrefillCoefficients prefill, DecodeCoefficients decode, double besidePrompts) {

  public StepCost {
    if (!(besidePrompts >= 0)) {
      throw new IllegalArgumentException("a row takes no negative time, not " + besidePrompts);
    }
  }

  /** Of a machine on which a row costs the same among others. */
  public StepCost(PrefillCoefficients prefill, DecodeCoefficients decode) {
    this(prefill, decode, decode.perRequest());
  }

  /** Seconds; 0 for an empty plan. */
  public double seconds(StepPlan plan) {
    double perDecode = hasPrompts(plan) ? besidePrompts : decode.perRequest();
    double base = 0;
    double work = 0;
    for (ScheduledRequest one : plan.scheduled()) {
      if (one.decodes()) {
        base = Math.max(base, decode.base());
        work += perDecode + decode.perContext() * (one.context() + 1);
      } else {
        base = Math.max(base, prefill.base());
        work += prefill.seconds(one.tokens(), one.context()) - prefill.base();
      }
    }
    return base + work;
  }

  /** Whether it computes anything of prompts. */
  public static boolean hasPrompts(StepPlan plan) {
    return plan.scheduled().stream().anyMatch(one -> !one.decodes());
  }
}
