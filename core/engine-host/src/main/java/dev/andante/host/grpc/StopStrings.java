package dev.andante.host.grpc;

import dev.andante.engine.StopMatcher;
import dev.andante.host.model.LoadedModel;
import dev.andante.service.grpc.Failures;
import dev.andante.tokenizer.Tokenizer;
import java.util.List;

/** Stop strings of a request as a {@link StopMatcher}. */
public final class StopStrings {

  /** More than any API offers; a bound on the work per token. */
  static final int MAX_STRINGS = 16;

  static final int MAX_LENGTH = 1024;

  private StopStrings() {}

  /**
   * @param before tokens of the answer that were generated elsewhere: a stop string may begin in
   *     them
   * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT for empty, long or too many strings, or
   *     if the model has no tokenizer
   */
  public static StopMatcher matcher(LoadedModel model, List<String> stops, int... before) {
    if (stops.isEmpty()) {
      return StopMatcher.NONE;
    }
    if (stops.size() > MAX_STRINGS) {
      throw Failures.invalid(
          "stop", "stop has " + stops.size() + " strings; at most " + MAX_STRINGS);
    }
    for (String stop : stops) {
      if (stop.isEmpty() || stop.length() > MAX_LENGTH) {
        throw Failures.invalid(
            "stop", "a stop string has 1 to " + MAX_LENGTH + " characters, not " + stop.length());
      }
    }
    Tokenizer tokenizer =
        model
            .tokenizer()
            .orElseThrow(
                () ->
                    Failures.invalid(
                        "stop", "this model has no tokenizer; use stop_token_ids instead"));
    TextStopMatcher matcher = new TextStopMatcher(tokenizer.detokenizer(), stops);
    for (int token : before) {
      matcher.accept(token);
    }
    return matcher;
  }
}
