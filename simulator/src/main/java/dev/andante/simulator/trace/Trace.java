package dev.andante.simulator.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Requests in order of arrival, the first at 0.
 *
 * @param name for messages
 * @param requests at least one
 * @param skipped requests left out since they have no tokens in or out
 */
public record Trace(String name, List<TraceRequest> requests, int skipped) {

  public Trace {
    if (requests.isEmpty()) {
      throw new IllegalArgumentException(name + " has no requests");
    }
    double first = requests.stream().mapToDouble(TraceRequest::arrivalSeconds).min().getAsDouble();
    requests =
        requests.stream()
            .sorted(Comparator.comparingDouble(TraceRequest::arrivalSeconds))
            .map(request -> request.arrivingAt(request.arrivalSeconds() - first))
            .toList();
  }

  /** The first so many; all, if there are fewer. */
  public Trace first(int count) {
    return new Trace(name, requests.subList(0, Math.min(count, requests.size())), skipped);
  }

  /** With lengths times so much. */
  public Trace scaled(double factor) {
    return factor == 1
        ? this
        : new Trace(
            name, requests.stream().map(request -> request.scaled(factor)).toList(), skipped);
  }

  /** Requests per second; 0 if all arrive at once. */
  public double rate() {
    double span = requests.getLast().arrivalSeconds();
    return span == 0 ? 0 : (requests.size() - 1) / span;
  }

  /**
   * Played faster or slower, so that it has this mean rate.
   *
   * @throws IllegalArgumentException if all arrive at once, so that there is no rate to change
   */
  public Trace atRate(double requestsPerSecond) {
    double span = requests.getLast().arrivalSeconds();
    if (requests.size() == 1) {
      return this;
    }
    if (span == 0) {
      throw new IllegalArgumentException(
          "all requests of " + name + " arrive at once, so it has no rate");
    }
    double factor = (requests.size() - 1) / requestsPerSecond / span;
    return new Trace(
        name,
        requests.stream()
            .map(request -> request.arrivingAt(request.arrivalSeconds() * factor))
            .toList(),
        skipped);
  }

  /** Whether requests say what they share. */
  public boolean sharesPrefixes() {
    return requests.stream().anyMatch(request -> !request.prefix().isEmpty());
  }

  public double meanInput() {
    return requests.stream().mapToInt(TraceRequest::inputTokens).average().orElse(0);
  }

  public double meanOutput() {
    return requests.stream().mapToInt(TraceRequest::outputTokens).average().orElse(0);
  }

  /** Readers for those of whom the trace says nothing. */
  public Trace readBy(Readers readers) {
    List<TraceRequest> read = new ArrayList<>(requests.size());
    for (TraceRequest request : requests) {
      read.add(request.readBy(request.reader().over(readers.next())));
    }
    return new Trace(name, read, skipped);
  }
}
