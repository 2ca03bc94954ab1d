package dev.andante.engine.sampling;

import java.util.Arrays;

/**
 * How often each token id occurs in a sequence, for penalties: an open-addressing map from id to
 * occurrences among the generated tokens, with an entry for every id of the prompt too.
 */
public final class TokenCounts {

  private static final int EMPTY = -1;

  private int[] ids = new int[64];
  private int[] generated = new int[64];
  private int size;

  public TokenCounts() {
    Arrays.fill(ids, EMPTY);
  }

  public void addPrompt(int id) {
    slot(id);
  }

  public void addGenerated(int id) {
    int at = slot(id);
    generated[at]++;
  }

  /** Distinct ids. */
  public int size() {
    return size;
  }

  /**
   * Applies repetition, frequency and presence penalty, in this order, to the logits of the ids
   * seen.
   */
  public void penalise(float[] logits, float repetition, float frequency, float presence) {
    for (int i = 0; i < ids.length; i++) {
      int id = ids[i];
      if (id == EMPTY) {
        continue;
      }
      float logit = logits[id];
      logit = logit > 0 ? logit / repetition : logit * repetition;
      if (generated[i] > 0) {
        logit -= frequency * generated[i] + presence;
      }
      logits[id] = logit;
    }
  }

  private int slot(int id) {
    if (size * 2 >= ids.length) {
      grow();
    }
    int at = find(id);
    if (ids[at] == EMPTY) {
      ids[at] = id;
      size++;
    }
    return at;
  }

  private int find(int id) {
    int mask = ids.length - 1;
    int at = (id * 0x9E3779B9) >>> 7 & mask;
    while (ids[at] != EMPTY && ids[at] != id) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private void grow() {
    int[] oldIds = ids;
    int[] oldGenerated = generated;
    ids = new int[oldIds.length * 2];
    generated = new int[ids.length];
    Arrays.fill(ids, EMPTY);
    for (int i = 0; i < oldIds.length; i++) {
      if (oldIds[i] != EMPTY) {
        int at = find(oldIds[i]);
        ids[at] = oldIds[i];
        generated[at] = oldGenerated[i];
      }
    }
  }
}
