package dev.andante.model.experts;

import dev.andante.model.Routing;

/**
 * A routing turned round: for each expert that is used the rows that visit it. Experts ascend, and
 * so do the rows of one expert.
 *
 * @param experts ids in use
 * @param offsets {@code [experts + 1]}: expert i owns entries {@code [offsets[i], offsets[i + 1])}
 * @param rows row of each entry
 * @param weights weight of each entry
 */
record ExpertGroups(int[] experts, int[] offsets, int[] rows, float[] weights) {

  static ExpertGroups of(Routing routing, int expertCount) {
    int entries = routing.rows() * routing.expertsPerToken();
    int[] next = new int[expertCount];
    int used = 0;
    for (int i = 0; i < entries; i++) {
      if (next[routing.experts()[i]]++ == 0) {
        used++;
      }
    }
    int[] experts = new int[used];
    int[] offsets = new int[used + 1];
    int start = 0;
    for (int expert = 0, i = 0; expert < expertCount; expert++) {
      int count = next[expert];
      next[expert] = start;
      start += count;
      if (count > 0) {
        experts[i++] = expert;
        offsets[i] = start;
      }
    }
    int[] rows = new int[entries];
    float[] weights = new float[entries];
    for (int i = 0; i < entries; i++) {
      int at = next[routing.experts()[i]]++;
      rows[at] = i / routing.expertsPerToken();
      weights[at] = routing.weights()[i];
    }
    return new ExpertGroups(experts, offsets, rows, weights);
  }

  int size() {
    return experts.length;
  }

  int entries() {
    return rows.length;
  }

  /** How many rows visit the expert at {@code index}. */
  int count(int index) {
    return offsets[index + 1] - offsets[index];
  }
}
