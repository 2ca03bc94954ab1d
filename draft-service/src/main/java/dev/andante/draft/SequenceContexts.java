package dev.andante.draft;

import dev.andante.engine.speculative.PromptLookup;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The token contexts of one client, bounded in number and length. Used by one thread at a time.
 *
 * <p>A context that was dropped, or whose next tokens would leave a hole, is unknown until the
 * client sends it again from position 0.
 */
final class SequenceContexts {

  private final DraftProperties limits;
  private final Map<String, PromptLookup> contexts = new LinkedHashMap<>(16, 0.75f, true);

  SequenceContexts(DraftProperties limits) {
    this.limits = limits;
  }

  /**
   * Takes up tokens at a position.
   *
   * @return the context, or empty when it is unknown: the client must send it again from position 0
   */
  Optional<PromptLookup> append(String sequence, int offset, int[] tokens) {
    PromptLookup context = offset == 0 ? start(sequence) : contexts.get(sequence);
    if (context == null || context.size() != offset) {
      contexts.remove(sequence);
      return Optional.empty();
    }
    if ((long) offset + tokens.length > limits.maxContext()) {
      contexts.remove(sequence);
      return Optional.empty();
    }
    context.append(tokens);
    return Optional.of(context);
  }

  void end(String sequence) {
    contexts.remove(sequence);
  }

  int size() {
    return contexts.size();
  }

  private PromptLookup start(String sequence) {
    PromptLookup fresh = new PromptLookup(limits.maxNgram(), PromptLookup.Match.LEFT_MOST);
    contexts.put(sequence, fresh);
    if (contexts.size() > limits.maxSequences()) {
      contexts.remove(contexts.keySet().iterator().next());
    }
    return fresh;
  }
}
