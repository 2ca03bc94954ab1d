package dev.andante.engine.fake;

import dev.andante.engine.DraftSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Drafts that are right (it is told the answers), half right, wrong, stale, late, out of
 * vocabulary, for nobody, missing, or an exception.
 */
public final class UnreliableDrafts implements DraftSource {

  private final Random random;
  private final Map<String, int[]> texts = new ConcurrentHashMap<>();
  private final Map<String, List<Integer>> known = new HashMap<>();
  private final ArrayDeque<Draft> pending = new ArrayDeque<>();

  public UnreliableDrafts(long seed) {
    random = new Random(seed);
  }

  /** The whole text, prompt and answer, that a sequence is going to have. */
  public void expect(String sequence, int[] text) {
    texts.put(sequence, text);
  }

  @Override
  public void append(String sequence, int offset, int[] tokens, int maxTokens) {
    if (offset == 0) {
      known.put(sequence, new ArrayList<>());
    }
    List<Integer> text = known.get(sequence);
    if (text == null || text.size() != offset) {
      throw new AssertionError("tokens of " + sequence + " are not contiguous");
    }
    Arrays.stream(tokens).forEach(text::add);
    int[] full = texts.getOrDefault(sequence, new int[0]);
    int size = text.size();
    int count = Math.max(0, Math.min(maxTokens, full.length - size));
    int[] guess = Arrays.copyOfRange(full, Math.min(size, full.length), size + count);
    int position = size;
    switch (random.nextInt(10)) {
      case 0 -> guess = new int[0];
      case 1 -> position -= 1;
      case 2 -> position += 1;
      case 3 -> guess = new int[] {FakeModel.VOCABULARY + 7, -3};
      case 4 -> {
        if (guess.length > 0) {
          guess[random.nextInt(guess.length)] = random.nextInt(FakeModel.VOCABULARY);
        }
      }
      case 5 -> guess = Arrays.copyOf(guess, guess.length + 9);
      case 6 -> {
        return;
      }
      default -> {}
    }
    pending.add(new Draft(random.nextInt(20) == 0 ? "nobody" : sequence, position, guess));
  }

  @Override
  public void end(String sequence) {
    if (known.remove(sequence) == null) {
      throw new AssertionError(sequence + " was not begun");
    }
  }

  @Override
  public List<Draft> propose(long maxWaitNanos) {
    if (random.nextInt(20) == 0) {
      throw new IllegalStateException("lost the draft worker");
    }
    List<Draft> arrived = new ArrayList<>();
    while (!pending.isEmpty() && random.nextInt(4) > 0) {
      arrived.add(pending.poll());
    }
    return arrived;
  }

  @Override
  public void close() {}
}
