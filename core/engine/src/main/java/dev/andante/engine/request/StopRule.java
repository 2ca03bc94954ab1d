package dev.andante.engine.request;

import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * When one answer ends. Counts are of generated tokens, those of a resumed prompt included.
 *
 * <p>As in vLLM, the first {@code minTokens} generated tokens can be no stop tokens, and a stop
 * token goes before the length limit.
 */
final class StopRule {

  private static final int[] NOTHING = {};

  private final StopParams params;
  private final StopMatcher matcher;
  private final int[] stopIds;

  StopRule(StopParams params, StopMatcher matcher, Set<Integer> endTokenIds) {
    this.params = params;
    this.matcher = matcher;
    IntStream ids = params.stopTokenIds().stream().mapToInt(Integer::intValue);
    if (!params.ignoreEos()) {
      ids = IntStream.concat(ids, endTokenIds.stream().mapToInt(Integer::intValue));
    }
    stopIds = ids.sorted().distinct().toArray();
  }

  /** Ids that must not be the next token when {@code generated} came before. */
  int[] masked(int generated) {
    return generated < params.minTokens() ? stopIds : NOTHING;
  }

  /** Shows the matcher a token. */
  boolean show(int token) {
    try {
      return matcher.accept(token);
    } catch (RuntimeException e) {
      throw new EngineException(EngineException.Code.INTERNAL, "the stop matcher failed: " + e, e);
    }
  }

  /**
   * @param generated tokens including this one
   * @param full whether no further token fits
   */
  @Nullable FinishReason after(int token, int generated, boolean full) {
    return decide(token, show(token), generated, full);
  }

  /** As {@link #after}, for a token that the matcher has already seen. */
  @Nullable FinishReason decide(int token, boolean matched, int generated, boolean full) {
    if (generated > params.minTokens() && (matched || Arrays.binarySearch(stopIds, token) >= 0)) {
      return FinishReason.STOP;
    }
    return full ? FinishReason.LENGTH : null;
  }
}
