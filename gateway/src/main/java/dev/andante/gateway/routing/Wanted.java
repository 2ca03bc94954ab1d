package dev.andante.gateway.routing;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tokens that are to be computed somewhere. For one thread at a time. */
public final class Wanted {

  private final int tokens;
  private final @Nullable String fingerprint;
  private final int[] ids;
  private final Map<Integer, BlockNames> names = new HashMap<>();

  private Wanted(int tokens, @Nullable String fingerprint, int[] ids) {
    this.tokens = tokens;
    this.fingerprint = fingerprint;
    this.ids = ids;
  }

  /** Of which only their number is known. */
  static Wanted of(int tokens) {
    return new Wanted(tokens, null, new int[0]);
  }

  /** A prompt and what was generated of its answer. */
  public static Wanted of(ServedModel model, int[] prompt, List<Integer> generated) {
    int[] ids = Arrays.copyOf(prompt, prompt.length + generated.size());
    for (int i = 0; i < generated.size(); i++) {
      ids[prompt.length + i] = generated.get(i);
    }
    return new Wanted(ids.length, model.fingerprint(), ids);
  }

  int tokens() {
    return tokens;
  }

  /** How many of the first ones a worker need not compute, as far as that is known. */
  int cached(Worker worker) {
    int blockSize = worker.blockSize();
    String model = fingerprint;
    if (blockSize < 1 || model == null) {
      return 0;
    }
    BlockNames chain = names.computeIfAbsent(blockSize, size -> new BlockNames(model, ids, size));
    int found = 0;
    while (found < chain.count() && worker.kept().has(chain.name(found))) {
      found++;
    }
    return found * blockSize;
  }
}
