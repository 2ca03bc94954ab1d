package dev.andante.host.grpc;

import dev.andante.engine.StopMatcher;
import dev.andante.tokenizer.IncrementalDetokenizer;
import java.util.List;

/**
 * Looks for stop strings in the text of an answer. Keeps only as much text as a stop string may
 * still begin in.
 */
final class TextStopMatcher implements StopMatcher {

  private final IncrementalDetokenizer detokenizer;
  private final List<String> stops;
  private final int longest;
  private final StringBuilder tail = new StringBuilder();

  TextStopMatcher(IncrementalDetokenizer detokenizer, List<String> stops) {
    this.detokenizer = detokenizer;
    this.stops = List.copyOf(stops);
    this.longest = stops.stream().mapToInt(String::length).max().orElse(0);
  }

  @Override
  public boolean accept(int token) {
    tail.append(detokenizer.add(token));
    for (String stop : stops) {
      if (tail.indexOf(stop) >= 0) {
        return true;
      }
    }
    int excess = tail.length() - (longest - 1);
    if (excess > 0) {
      tail.delete(0, excess);
    }
    return false;
  }
}
