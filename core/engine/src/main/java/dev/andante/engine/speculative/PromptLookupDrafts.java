package dev.andante.engine.speculative;

import dev.andante.engine.DraftSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Prompt lookup inside the engine's own process: every proposal is there at once. */
public final class PromptLookupDrafts implements DraftSource {

  private final Map<String, PromptLookup> sequences = new HashMap<>();
  private final List<Draft> proposed = new ArrayList<>();

  @Override
  public void append(String sequence, int offset, int[] tokens, int maxTokens) {
    if (offset == 0) {
      sequences.put(sequence, new PromptLookup());
    }
    PromptLookup lookup = sequences.get(sequence);
    if (lookup == null || lookup.size() != offset) {
      return;
    }
    lookup.append(tokens);
    if (maxTokens > 0) {
      proposed.add(new Draft(sequence, lookup.size(), lookup.propose(maxTokens)));
    }
  }

  @Override
  public void end(String sequence) {
    sequences.remove(sequence);
  }

  @Override
  public List<Draft> propose(long maxWaitNanos) {
    List<Draft> result = List.copyOf(proposed);
    proposed.clear();
    return result;
  }

  @Override
  public void close() {
    sequences.clear();
    proposed.clear();
  }
}
