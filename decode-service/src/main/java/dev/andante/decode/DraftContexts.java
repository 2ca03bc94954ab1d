package dev.andante.decode;

import dev.andante.engine.DraftSource.Draft;
import dev.andante.protocol.v1.DraftRequest;
import dev.andante.protocol.v1.Proposal;
import dev.andante.protocol.v1.SequenceUpdate;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a draft service should know of each sequence, what it has been told, and what it proposed.
 * Keeps the newest draft of a sequence only. For one thread, or under a lock.
 */
final class DraftContexts {

  /** One sequence. */
  private static final class Context {
    private int[] tokens = new int[64];
    private int size;
    private int told;
    private int wanted;

    void truncate(int length) {
      size = length;
      told = Math.min(told, length);
    }

    void append(int[] more) {
      if (size + more.length > tokens.length) {
        tokens = Arrays.copyOf(tokens, Math.max(2 * tokens.length, size + more.length));
      }
      System.arraycopy(more, 0, tokens, size, more.length);
      size += more.length;
    }
  }

  private final Map<String, Context> contexts = new LinkedHashMap<>();
  private final Set<String> changed = new LinkedHashSet<>();
  private final Set<String> ended = new LinkedHashSet<>();
  private final Map<String, Draft> drafts = new LinkedHashMap<>();

  /** Tokens from {@code offset} on; what was known beyond it is replaced. */
  void append(String sequence, int offset, int[] tokens, int wanted) {
    Context context = contexts.computeIfAbsent(sequence, _ -> new Context());
    if (offset > context.size) {
      return; // a part is missing, and guesses that follow nothing are of no use
    }
    context.truncate(offset);
    context.append(tokens);
    context.wanted = wanted;
    changed.add(sequence);
    drafts.remove(sequence); // it continued something shorter
  }

  void end(String sequence) {
    Context context = contexts.remove(sequence);
    changed.remove(sequence);
    drafts.remove(sequence);
    if (context != null && context.told > 0) {
      ended.add(sequence);
    }
  }

  /** The service is another one, or has been restarted. */
  void forgetWhatWasSaid() {
    ended.clear();
    drafts.clear();
    contexts.forEach(
        (sequence, context) -> {
          context.told = 0;
          changed.add(sequence);
        });
  }

  /** The service has lost this one. */
  void sayAgain(String sequence) {
    Context context = contexts.get(sequence);
    if (context != null) {
      context.told = 0;
      changed.add(sequence);
    }
  }

  boolean wantsToSpeak() {
    return !changed.isEmpty() || !ended.isEmpty();
  }

  /** Everything the service has not been told. */
  DraftRequest message(long round) {
    DraftRequest.Builder message = DraftRequest.newBuilder().setRound(round).addAllEnded(ended);
    for (String sequence : changed) {
      Context context = contexts.get(sequence);
      if (context != null) {
        SequenceUpdate.Builder update =
            SequenceUpdate.newBuilder()
                .setSequence(sequence)
                .setOffset(context.told)
                .setMaxTokens(context.wanted);
        for (int i = context.told; i < context.size; i++) {
          update.addTokens(context.tokens[i]);
        }
        context.told = context.size;
        message.addUpdates(update);
      }
    }
    changed.clear();
    ended.clear();
    return message.build();
  }

  /** Kept if it continues the sequence as it is now. */
  void proposed(Proposal proposal) {
    Context context = contexts.get(proposal.getSequence());
    if (context != null && context.size == proposal.getPosition()) {
      int[] tokens = proposal.getTokensList().stream().mapToInt(Integer::intValue).toArray();
      drafts.put(
          proposal.getSequence(),
          new Draft(proposal.getSequence(), proposal.getPosition(), tokens));
    }
  }

  List<Draft> takeDrafts() {
    List<Draft> taken = List.copyOf(drafts.values());
    drafts.clear();
    return taken;
  }
}
