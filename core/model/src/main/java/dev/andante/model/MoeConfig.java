package dev.andante.model;

import java.util.Set;
import java.util.TreeSet;

/**
 * Mixture-of-experts layers.
 *
 * @param experts experts per layer
 * @param expertsPerToken how many each token visits
 * @param expertFeedForwardSize inner width of one expert
 * @param renormalise whether the chosen experts' weights are scaled to sum to one
 * @param denseLayers layers that have a plain MLP instead
 */
public record MoeConfig(
    int experts,
    int expertsPerToken,
    int expertFeedForwardSize,
    boolean renormalise,
    Set<Integer> denseLayers) {

  /**
   * @throws UnsupportedModelException if the numbers do not fit together
   */
  public MoeConfig {
    if (expertsPerToken < 1 || expertsPerToken > experts || expertFeedForwardSize < 1) {
      throw new UnsupportedModelException(
          "mixture of experts",
          expertsPerToken + " of " + experts + " experts of width " + expertFeedForwardSize,
          "at least one expert per token, at most all of them, of positive width");
    }
    denseLayers = Set.copyOf(denseLayers);
  }

  /** Text that is equal for equal values, whatever the order of the set. */
  @Override
  public String toString() {
    return "MoeConfig[experts=%d, expertsPerToken=%d, width=%d, renormalise=%b, dense=%s]"
        .formatted(
            experts,
            expertsPerToken,
            expertFeedForwardSize,
            renormalise,
            new TreeSet<>(denseLayers));
  }
}
