package dev.andante.mesh;

/** A bf16 KV cache; see the tolerances of the golden README. */
class GoldenAnswersExactTest extends GoldenAnswers {

  GoldenAnswersExactTest() {
    super("exact", 0.2);
  }
}
