package dev.andante.gateway.routing;

import java.time.Duration;

/**
 * What prompts wait for computing, as a signal for scaling: on each worker that has learnt what its
 * steps take, what waits there beyond the time in which readers expect their first token, in
 * workers that would compute it within that time. Statuses are the same for all gateways, and so is
 * this. Any thread.
 */
public final class PromptPressure {

  /** Prompts of unknown length are taken to have so many tokens. */
  private static final int PROMPT_TOKENS = 512;

  /** No worker asks for more help than this, whatever it says of itself. */
  private static final double MOST_FOR_ONE = 10;

  private final WorkerRegistry registry;
  private final double patienceSeconds;

  /**
   * @param patience for a first token, positive
   */
  public PromptPressure(WorkerRegistry registry, Duration patience) {
    this.registry = registry;
    this.patienceSeconds = patience.toNanos() / 1e9;
  }

  /** How many more workers' worth of prompts waits; 0 if none waits longer than readers do. */
  public double workers() {
    return registry.usable().stream()
        .flatMap(worker -> StepPrediction.of(worker).stream())
        .mapToDouble(steps -> steps.queueSeconds(PROMPT_TOKENS) / patienceSeconds - 1)
        .map(more -> Math.clamp(more, 0, MOST_FOR_ONE))
        .sum();
  }
}
