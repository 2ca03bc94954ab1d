package dev.andante.gateway.routing;

import dev.andante.qoe.admission.WorkerLoad;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Who will be decoding on a worker beside a new answer. Each answer is taken to stay for as long as
 * this gateway's did lately. Those that other gateways have there are known by their number alone:
 * their ages are taken to be spread evenly. So are the times at which the prompts that prefill has
 * now will come over. Immutable.
 */
final class DecodeOutlook {

  private final StepPrediction steps;
  private final double staySeconds;
  private final List<Double> ages;
  private final long joining;

  private DecodeOutlook(StepPrediction steps, double staySeconds, List<Double> ages, long joining) {
    this.steps = steps;
    this.staySeconds = staySeconds;
    this.ages = ages;
    this.joining = joining;
  }

  /**
   * Empty if it is not known what its steps take, or how long answers stay.
   *
   * @param joining prompts under way that will be answered there
   */
  static Optional<DecodeOutlook> of(Worker decode, long joining) {
    OptionalDouble stay = decode.answerTimes().meanSeconds();
    Optional<StepPrediction> steps = StepPrediction.of(decode);
    if (stay.isEmpty() || steps.isEmpty()) {
      return Optional.empty();
    }
    List<Double> ages = new ArrayList<>(decode.answerTimes().ages());
    long others = Math.max(0, decode.answers() - ages.size());
    ages.addAll(spread(others, stay.getAsDouble()));
    return Optional.of(
        new DecodeOutlook(steps.get(), stay.getAsDouble(), ages, Math.max(0, joining)));
  }

  /** So many times in equal distances, from 0 up to the end. */
  private static List<Double> spread(long count, double end) {
    List<Double> times = new ArrayList<>();
    for (long i = 0; i < Math.min(count, Worker.MOST_BELIEVED); i++) {
      times.add((i + 0.5) / count * end);
    }
    return times;
  }

  /**
   * @param queueSeconds until the new prompt is computed
   */
  WorkerLoad load(double queueSeconds) {
    double context = ages.isEmpty() ? 0 : (double) steps.contextTokens() / ages.size();
    return new WorkerLoad(queueSeconds, ages, spread(joining, queueSeconds), context, staySeconds);
  }

  /** Between two tokens of each, with so many in a batch that have so many tokens in all. */
  double tokenSeconds(long answers, long contextTokens) {
    return steps.tokenSeconds(answers, contextTokens);
  }
}
