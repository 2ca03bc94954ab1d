package dev.andante.mesh;

/** Activations of 8 bits; see the tolerances of the golden README. */
class GoldenAnswersFastTest extends GoldenAnswers {

  GoldenAnswersFastTest() {
    super("fast", 0.5);
  }
}
