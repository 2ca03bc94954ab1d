package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.benchmarks.load.workload.Seeds;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Writes prompts of about so many tokens: words at random, the same for the same seed, so that no
 * two begin alike unless the demand says so.
 *
 * @param tokensPerWord how many the server's tokenizer makes of one of {@link #WORDS}
 * @param frameTokens what a chat with an empty message has
 */
public record Prompts(long seed, double tokensPerWord, int frameTokens) {

  private static final long BLOCKS = 1L << 62; // purposes that no request's index has

  /** Common enough to be a token each for most models. */
  static final List<String> WORDS =
      List.of(
          ("time people year way day man thing woman life child world school state family student"
                  + " group country problem hand part place case week company system program"
                  + " question work government number night point home water room mother area"
                  + " money story fact month lot right study book eye job word business issue side"
                  + " kind head house service friend father power hour game line end member law"
                  + " car city community name president team minute idea body information back"
                  + " parent face others level office door health person art war history party"
                  + " result change morning reason research girl guy moment air teacher force")
              .split(" "));

  /** Nothing is known of the server's tokenizer. */
  public static Prompts unmeasured(long seed) {
    return new Prompts(seed, 1, 0);
  }

  /** The message of a request. */
  public String text(long index, Demand demand) {
    int words =
        Math.max(1, (int) Math.round((demand.promptTokens() - frameTokens) / tokensPerWord));
    StringBuilder text = new StringBuilder(7 * words);
    List<Long> blocks = demand.blocks();
    int blockWords = Math.max(1, (int) Math.round(demand.blockTokens() / tokensPerWord));
    RandomGenerator random = Seeds.random(seed, index);
    for (int i = 0; i < words; i++) {
      int block = i / blockWords;
      if (i % blockWords == 0 && block <= blocks.size()) {
        random =
            block < blocks.size()
                ? Seeds.random(seed, BLOCKS + blocks.get(block))
                : Seeds.random(seed, index);
      }
      text.append(i == 0 ? "" : " ").append(WORDS.get(random.nextInt(WORDS.size())));
    }
    return text.toString();
  }
}
