package dev.andante.engine.runtime;

import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.request.Request;
import dev.andante.engine.sampling.Sampler;
import dev.andante.engine.scheduler.ScheduledRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Samples the tokens of one request after a step and verifies its drafts.
 *
 * <p>At each position the token is sampled from the model's law with that position's own random
 * number, exactly as without a draft; the draft is accepted iff it is that token. For a
 * deterministic draft x this is exact rejection sampling (algorithms.md §6.1–6.2, point mass): x is
 * accepted with probability p(x), and otherwise the token follows p without x, renormalised.
 * Besides, the answer is token for token the one without speculation.
 */
final class Verifier {

  private final Sampler sampler;
  private final LogitRows logits;

  Verifier(Sampler sampler, LogitRows logits) {
    this.sampler = sampler;
    this.logits = logits;
  }

  /**
   * @param tokens new tokens, at least one
   * @param accepted how many drafts, from the first, were right and are among the tokens
   * @param finished why the answer ends with the last one, or null
   */
  record Outcome(List<GeneratedToken> tokens, int accepted, @Nullable FinishReason finished) {}

  /**
   * Appends the sampled tokens to the request.
   *
   * @param firstRow the request's first row of the logits
   */
  Outcome verify(ScheduledRequest scheduled, int firstRow) {
    Request request = scheduled.request();
    int[] drafts = request.drafts();
    List<GeneratedToken> tokens = new ArrayList<>(1 + scheduled.drafts());
    int accepted = 0;
    while (true) {
      GeneratedToken token = sample(request, firstRow + accepted);
      tokens.add(token);
      FinishReason finished = request.append(token.id());
      boolean right = accepted < scheduled.drafts() && token.id() == drafts[accepted];
      if (right) {
        accepted++;
      }
      if (!right || finished != null) {
        return new Outcome(tokens, accepted, finished);
      }
    }
  }

  private GeneratedToken sample(Request request, int row) {
    if (request.plainNext()) {
      int id = logits.argmax(row);
      // A row of nothing but NaN gives 0 as well; only then is a look at the row needed.
      if (id != 0) {
        return Sampler.token(id);
      }
    }
    return sampler.sample(
        logits.read(row), request.sampling(), request.counts(), request.masked(), request.size());
  }
}
