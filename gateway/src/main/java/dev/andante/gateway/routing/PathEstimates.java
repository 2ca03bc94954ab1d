package dev.andante.gateway.routing;

import dev.andante.protocol.v1.TransferCost;
import java.util.Optional;

/**
 * What a prompt costs on each of its two paths, as predicted: the wait for its first token and, on
 * decode, what it delays the answers that run there, each by its rows. Prefix caches are not
 * foreseen.
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
  static Optional<PathEstimates> of(Worker prefill, Worker decode, int promptTokens) {
    Worker.Report report = prefill.report();
    if (report == null || !usable(report.status().getTransferCost())) {
      return Optional.empty();
    }
    TransferCost handOff = report.status().getTransferCost();
    return StepPrediction.of(prefill)
        .flatMap(
            there ->
                StepPrediction.of(decode)
                    .map(
                        here ->
                            new PathEstimates(
                                there.firstTokenSeconds(promptTokens)
                                    + handOff.getBaseSeconds()
                                    + handOff.getPerTokenSeconds() * promptTokens,
                                here.firstTokenSeconds(promptTokens)
                                    + here.delaySeconds(promptTokens))));
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
