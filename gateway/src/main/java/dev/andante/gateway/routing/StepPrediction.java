package dev.andante.gateway.routing;

import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.WorkerStatus;
import java.util.Optional;

/**
 * What a worker's next work will take, by what it says its steps take. A prompt that waits there is
 * taken to be as long as the new one, since only their sum is known, and none of it to be computed
 * or cached already. Steps are taken to be full: where decode holds a target for the time between
 * tokens, prompts take longer there. Whether there will be room for the KV is not looked at.
 * Immutable.
 */
final class StepPrediction {

  /** Below this the coefficients are mostly the guess that the fit began with. */
  static final long LEAST_SAMPLES = 50;

  private final StepCost cost;
  private final long answers;
  private final long queuedTokens;
  private final long contextTokens;

  private StepPrediction(StepCost cost, long answers, long queuedTokens, long contextTokens) {
    this.cost = cost;
    this.answers = answers;
    this.queuedTokens = queuedTokens;
    this.contextTokens = contextTokens;
  }

  /** Empty if the worker has not said what its steps take, or rests that on too few. */
  static Optional<StepPrediction> of(Worker worker) {
    Worker.Report report = worker.report();
    if (report == null || !usable(report.status().getStepCost())) {
      return Optional.empty();
    }
    WorkerStatus status = report.status();
    boolean decode = worker.kind() == WorkerKind.DECODE;
    long used = Math.max(0, (long) status.getTotalBlocks() - status.getFreeBlocks());
    return Optional.of(
        new StepPrediction(
            status.getStepCost(),
            decode ? worker.answers() : 0,
            decode ? Math.max(0, status.getQueuedPromptTokens()) : worker.queuedTokens(),
            decode ? Math.max(0, used * status.getBlockSize()) : 0));
  }

  /**
   * A worker that lies, or an older one, is not predicted. One of the costs will do: where all
   * prompts are about as long, no fit can tell what takes the time.
   */
  private static boolean usable(StepCost cost) {
    return cost.getSamples() >= LEAST_SAMPLES
        && cost.getMaxBatchTokens() > 0
        && sane(cost.getBaseSeconds())
        && sane(cost.getPerRowSeconds())
        && sane(cost.getPerPairSeconds())
        && cost.getBaseSeconds() + cost.getPerRowSeconds() + cost.getPerPairSeconds() > 0;
  }

  static boolean sane(double seconds) {
    return seconds >= 0 && seconds < 1e6;
  }

  /** Until the prompts before a new one are computed. */
  double queueSeconds(int promptTokens) {
    return queuedTokens * secondsPerToken(promptTokens);
  }

  /**
   * What a prompt takes once it is its turn.
   *
   * @param cached of its tokens, that need not be computed
   */
  double promptSeconds(int promptTokens, int cached) {
    return Math.max(1.0, (double) (promptTokens - cached) / rowsForPrompts()) * besides()
        + rowsSeconds(promptTokens, cached);
  }

  /** What its rows add to steps. */
  private double rowsSeconds(int promptTokens, int cached) {
    int rows = promptTokens - cached;
    return rows * (cost.getPerRowSeconds() + attention(rows) + cost.getPerPairSeconds() * cached);
  }

  /**
   * @param cached of the tokens, that need not be computed
   */
  double firstTokenSeconds(int promptTokens, int cached) {
    return queueSeconds(promptTokens) + promptSeconds(promptTokens, cached);
  }

  /** What a prompt delays the answers that run there, all of them together, by its own rows. */
  double delaySeconds(int promptTokens, int cached) {
    return answers * rowsSeconds(promptTokens, cached);
  }

  /** Between two tokens of a new answer, beside those that run and wait there. */
  double tokenSeconds(int promptTokens) {
    return tokenSeconds(answers + 1, contextTokens + promptTokens);
  }

  /** Between two tokens of each, with so many answers that have so many tokens in all. */
  double tokenSeconds(long batch, long context) {
    return cost.getBaseSeconds()
        + cost.getPerRowSeconds() * batch
        + cost.getPerPairSeconds() * context;
  }

  /** Of the answers that run there. */
  long contextTokens() {
    return contextTokens;
  }

  private double secondsPerToken(int promptTokens) {
    return besides() / rowsForPrompts() + cost.getPerRowSeconds() + attention(promptTokens);
  }

  /** What a row of such a prompt adds for the tokens it attends to: half of them in the mean. */
  private double attention(int promptTokens) {
    return cost.getPerPairSeconds() * (promptTokens + 1) / 2;
  }

  /** What a step takes that has no row of a prompt: its own time and the answers under way. */
  private double besides() {
    return tokenSeconds(answers, contextTokens);
  }

  private long rowsForPrompts() {
    return Math.max(1, cost.getMaxBatchTokens() - answers);
  }
}
