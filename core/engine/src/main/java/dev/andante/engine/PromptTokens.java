package dev.andante.engine;

/**
 * The tokens a request starts from.
 *
 * @param ids prompt and, for a resumed stream, the tokens already generated
 * @param generated how many of {@code ids}, from the end, were generated
 */
public record PromptTokens(int[] ids, int generated) {

  public PromptTokens {
    if (ids.length == 0) {
      throw new IllegalArgumentException("a prompt has at least one token");
    }
    if (generated < 0 || generated >= ids.length) {
      throw new IllegalArgumentException(
          "generated must be 0 to " + (ids.length - 1) + ", not " + generated);
    }
  }

  public static PromptTokens of(int... ids) {
    return new PromptTokens(ids, 0);
  }
}
