package dev.andante.engine.speculative;

/**
 * How likely a draft token is right, given that those before it were: a mean over drafts verified
 * lately. Tokens that were not tried make it forget, so that what was given up is tried again.
 * Engine thread only.
 */
public final class Acceptance {

  /** Tries that the prior counts for. */
  private static final double PRIOR_TRIES = 4;

  private final double keptByTry;
  private final double keptByPause;
  private double tried;
  private double accepted;

  private Acceptance(double keptByTry, double keptByPause) {
    this.keptByTry = keptByTry;
    this.keptByPause = keptByPause;
  }

  /** Of one answer: drafts of some ten steps. */
  public static Acceptance ofAnswer() {
    return new Acceptance(0.9, 0.98);
  }

  /** Of all answers of an engine: drafts of some hundred steps. */
  public static Acceptance ofEngine() {
    return new Acceptance(0.99, 0.999);
  }

  /**
   * @param prior what to believe where nothing was tried, 0 to 1
   * @return 0 to 1
   */
  public double rate(double prior) {
    return (accepted + PRIOR_TRIES * prior) / (tried + PRIOR_TRIES);
  }

  /**
   * A draft was verified. What follows the first wrong token was not tried.
   *
   * @param drafted at least 1
   * @param right leading tokens that were right
   */
  public void verified(int drafted, int right) {
    tried = tried * keptByTry + Math.min(drafted, right + 1);
    accepted = accepted * keptByTry + right;
  }

  /** A step went by without a draft. */
  public void paused() {
    tried *= keptByPause;
    accepted *= keptByPause;
  }
}
