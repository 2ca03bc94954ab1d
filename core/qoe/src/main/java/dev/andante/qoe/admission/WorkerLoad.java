package dev.andante.qoe.admission;

import java.util.List;
import java.util.stream.Stream;

/**
 * What a pair of prefill and decode workers has to do, at one moment.
 *
 * <p>Every answer is taken to decode for the same time t_d, since nobody knows its length; one that
 * took longer is taken to need as long again, and so on.
 *
 * @param prefillQueueSeconds work of the prompts before a new one
 * @param decodingForSeconds how long each running answer has been decoding
 * @param joiningInSeconds when each prompt under way will begin to decode
 * @param meanContextTokens KV tokens of a decoding answer
 * @param decodeSeconds t_d, positive
 */
public record WorkerLoad(
    double prefillQueueSeconds,
    List<Double> decodingForSeconds,
    List<Double> joiningInSeconds,
    double meanContextTokens,
    double decodeSeconds) {

  public WorkerLoad {
    decodingForSeconds = List.copyOf(decodingForSeconds);
    joiningInSeconds = List.copyOf(joiningInSeconds);
    if (!(prefillQueueSeconds >= 0 && meanContextTokens >= 0 && decodeSeconds > 0)
        || Double.isInfinite(prefillQueueSeconds + meanContextTokens + decodeSeconds)
        || !valid(decodingForSeconds)
        || !valid(joiningInSeconds)) {
      throw new IllegalArgumentException("a load has no negative or unknown times and counts");
    }
  }

  private static boolean valid(List<Double> times) {
    return times.stream().allMatch(time -> time >= 0 && !Double.isInfinite(time));
  }

  /** How many answers will be decoding a time from now, if nobody else comes. */
  long decodingIn(double seconds) {
    long running =
        decodingForSeconds.stream().filter(age -> remainingSeconds(age) > seconds).count();
    long joined =
        joiningInSeconds.stream()
            .filter(start -> start <= seconds && start + decodeSeconds > seconds)
            .count();
    return running + joined;
  }

  /** When answers will end, from now, in rising order. */
  List<Double> endsInSeconds() {
    return Stream.concat(
            decodingForSeconds.stream().map(this::remainingSeconds),
            joiningInSeconds.stream().map(start -> start + decodeSeconds))
        .sorted()
        .toList();
  }

  private double remainingSeconds(double age) {
    return decodeSeconds - age % decodeSeconds;
  }
}
