package dev.andante.draft;

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
  private final Map<String, SequenceContext> contexts = new LinkedHashMap<>(16, 0.75f, true);

  SequenceContexts(DraftProperties limits) {
    this.limits = limits;
  }

  /**
   * Takes up tokens at a position.
   *
   * @return the context, or empty when it is unknown: the client must send it again from position 0
   */
  Optional<SequenceContext> append(String sequence, int offset, int[] tokens) {
    SequenceContext context = offset == 0 ? start(sequence) : contexts.get(sequence);
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

  /** Forgets a sequence; what was known of it, if anything was. */
  Optional<SequenceContext> end(String sequence) {
    return Optional.ofNullable(contexts.remove(sequence));
  }

  int size() {
    return contexts.size();
  }

  private SequenceContext start(String sequence) {
    SequenceContext fresh = new SequenceContext(limits.maxNgram());
    contexts.put(sequence, fresh);
    if (contexts.size() > limits.maxSequences()) {
      contexts.remove(contexts.keySet().iterator().next());
    }
    return fresh;
  }
}
