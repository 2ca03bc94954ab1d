package dev.andante.model;

/**
 * Which experts each row visits and with what weight. Ids of a row are ascending.
 *
 * @param rows rows routed
 * @param expertsPerToken entries per row
 * @param experts {@code [rows * expertsPerToken]}
 * @param weights {@code [rows * expertsPerToken]}
 */
public record Routing(int rows, int expertsPerToken, int[] experts, float[] weights) {

  public int expert(int row, int slot) {
    return experts[row * expertsPerToken + slot];
  }

  public float weight(int row, int slot) {
    return weights[row * expertsPerToken + slot];
  }
}
