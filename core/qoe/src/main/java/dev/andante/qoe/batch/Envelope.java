package dev.andante.qoe.batch;

import java.util.List;
import java.util.stream.Stream;

/**
 * What can run together without anyone noticing.
 *
 * @param tokens of KV memory, the trigger's share
 * @param secondsPerToken of the fastest reader
 */
record Envelope(BatchState state, double tokens, double secondsPerToken) {

  static Envelope of(
      double trigger, BatchState state, List<BatchRequest> running, List<BatchRequest> waiting) {
    double fastest =
        Stream.concat(running.stream(), waiting.stream())
            .mapToDouble(request -> request.reading().spec().secondsPerToken())
            .min()
            .orElse(Double.POSITIVE_INFINITY);
    return new Envelope(state, trigger * state.capacityTokens(), fastest);
  }

  boolean holds(int batch, long batchTokens) {
    return batch <= state.maxBatch() && batchTokens <= tokens && keepsPace(batch, batchTokens);
  }

  boolean keepsPace(int batch, long batchTokens) {
    return batch == 0 || state.decode().seconds(batch, batchTokens) <= secondsPerToken;
  }
}
