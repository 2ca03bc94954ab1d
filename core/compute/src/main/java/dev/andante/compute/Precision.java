package dev.andante.compute;

/** How closely a backend follows the numbers of the model's file. */
public enum Precision {
  /** Weights are what the file says; activations keep f32 or bf16. */
  EXACT,
  /**
   * Activations may be rounded to eight bits on their way into a product, in groups of at most 32
   * with a scale each; in products of {@link Backend#manyRows} rows, both factors to bf16, or to
   * what the backend's name says. A backend without such kernels computes as for {@link #EXACT}.
   */
  FAST
}
