package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import dev.andante.qoe.latency.DecodeCoefficients;
import java.time.Duration;
import java.util.List;

/**
 * The time between two tokens of running answers that prompts must not stretch, and what a step may
 * do within it. Where the decodes alone take longer, prompts still get their smallest chunk.
 */
public final class Pace {

  private final double targetSeconds;
  private final int minChunk;
  private final StepTime stepTime;

  /**
   * @param target 0 = none: steps take what they take
   * @param minChunk rows for prompts whatever the target; chunks cut by it are multiples of that
   */
  public Pace(Duration target, int minChunk, StepTime stepTime) {
    this.targetSeconds = target.toNanos() / 1e9;
    this.minChunk = minChunk;
    this.stepTime = stepTime;
  }

  /** No target. */
  public static Pace free() {
    return new Pace(Duration.ZERO, 1, new StepTime());
  }

  /**
   * What is left of a step beside these decodes.
   *
   * @param decodes one row each, all known tokens but one computed
   */
  StepBudget beside(List<Request> decodes, int maxBatchTokens) {
    int rows = Math.max(0, maxBatchTokens - decodes.size());
    if (targetSeconds == 0 || decodes.isEmpty()) {
      return StepBudget.ofRows(rows);
    }
    long pairs = 0;
    for (Request request : decodes) {
      pairs += request.size();
    }
    DecodeCoefficients cost = stepTime.cost();
    return StepBudget.ofTime(
        rows, targetSeconds - cost.seconds(decodes.size(), pairs), cost, minChunk);
  }

  StepTime stepTime() {
    return stepTime;
  }

  void ran(StepPlan plan, long nanos) {
    stepTime.observe(plan, nanos);
  }
}
