package dev.andante.gateway.routing;

import dev.andante.protocol.v1.TransferCost;
import java.util.Optional;

/**
 * What a prompt costs on each of its two paths, as predicted: the wait for its first token and, on
 * decode, what it delays the answers that run there, each by its rows. What their prefix caches
 * have counts as far as it is known.
 *
 * @param prefillSeconds prefill computes it and hands it on
 * @param localSeconds decode computes it
 */
public record PathEstimates(double prefillSeconds, double localSeconds) {

  /** Below this a few odd hand-offs would decide. */
  static final long LEAST_HAND_OFFS = 5;

  /** Handing on is what prefill workers are there for, so small differences do not count. */
  private static final double NEARLY = 1.1;

  /** Empty if one of the workers has not said, or learnt, what it takes. */
  static Optional<PathEstimates> of(Worker prefill, Worker decode, Wanted wanted) {
    Worker.Report report = prefill.report();
    if (report == null || !usable(report.status().getTransferCost())) {
      return Optional.empty();
    }
    int promptTokens = wanted.tokens();
    TransferCost handOff = report.status().getTransferCost();
    return StepPrediction.of(prefill)
        .flatMap(
            there ->
                StepPrediction.of(decode)
                    .map(
                        here ->
                            new PathEstimates(
                                there.firstTokenSeconds(promptTokens, wanted.cached(prefill))
                                    + handOff.getBaseSeconds()
                                    + handOff.getPerTokenSeconds() * promptTokens,
                                here.firstTokenSeconds(promptTokens, wanted.cached(decode))
                                    + here.delaySeconds(promptTokens, wanted.cached(decode)))));
  }

  private static boolean usable(TransferCost cost) {
    return cost.getSamples() >= LEAST_HAND_OFFS
        && StepPrediction.sane(cost.getBaseSeconds())
        && StepPrediction.sane(cost.getPerTokenSeconds());
  }

  /** Whether decode should compute the prompt. */
  boolean localPays() {
    return localSeconds * NEARLY < prefillSeconds;
  }
}
