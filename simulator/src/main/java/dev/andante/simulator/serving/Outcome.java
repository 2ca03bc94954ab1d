package dev.andante.simulator.serving;

import java.util.List;

/**
 * What became of a trace.
 *
 * @param requests in order of their end
 * @param betweenTokens seconds between a request's tokens, of all of them
 * @param seconds until the last one ended
 * @param busySeconds of them, those in which a step ran
 * @param tokens generated
 * @param preemptions how many times a request lost its place
 * @param presentSeconds requests there, summed over time
 * @param eventLog fingerprint of all that happened
 */
public record Outcome(
    List<RequestOutcome> requests,
    Samples betweenTokens,
    double seconds,
    double busySeconds,
    long tokens,
    long preemptions,
    double presentSeconds,
    String eventLog) {

  /** A request is content with this QoE. */
  private static final double CONTENT = 0.95;

  public Outcome {
    requests = List.copyOf(requests);
  }

  public double meanQoeV1() {
    return requests.stream().mapToDouble(RequestOutcome::qoeV1).average().orElse(0);
  }

  public double meanQoeV2() {
    return requests.stream().mapToDouble(RequestOutcome::qoeV2).average().orElse(0);
  }

  /** Share of requests whose QoE (v2) is at least 0.95. */
  public double shareContent() {
    return requests.stream().mapToDouble(one -> one.qoeV2() >= CONTENT ? 1 : 0).average().orElse(0);
  }

  public long rejected() {
    return requests.stream().filter(RequestOutcome::rejected).count();
  }

  /** Seconds to the first token of all that had one. */
  public Samples firstTokens() {
    Samples samples = new Samples();
    requests.forEach(one -> one.firstTokenSeconds().ifPresent(samples::add));
    return samples;
  }

  /** Seconds to the end of all that were served. */
  public Samples wholes() {
    Samples samples = new Samples();
    requests.stream().filter(one -> !one.rejected()).forEach(one -> samples.add(one.seconds()));
    return samples;
  }

  public double tokensPerSecond() {
    return seconds == 0 ? 0 : tokens / seconds;
  }
}
