package dev.andante.simulator.cost;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * By how much equal steps differ: factors on what a {@link StepCost} says, each as likely as the
 * others. What is drawn depends on the seed and on what was drawn before.
 */
public final class StepNoise {

  private final List<Double> prompts;
  private final List<Double> answers;
  private final RandomGenerator random;

  /**
   * @param prompts for steps with prompts, at least one factor, none negative
   * @param answers for the others
   */
  public StepNoise(List<Double> prompts, List<Double> answers, long seed) {
    this.prompts = checked(prompts);
    this.answers = checked(answers);
    this.random = new SplittableRandom(seed);
  }

  /** Steps take what the cost model says. */
  public static StepNoise none() {
    return new StepNoise(List.of(1.0), List.of(1.0), 0);
  }

  private static List<Double> checked(List<Double> factors) {
    if (factors.isEmpty() || !factors.stream().allMatch(factor -> factor >= 0)) {
      throw new IllegalArgumentException("noise is one factor or more, none negative: " + factors);
    }
    return List.copyOf(factors);
  }

  /** The next step's factor. */
  public double next(boolean hasPrompts) {
    List<Double> factors = hasPrompts ? prompts : answers;
    return factors.size() == 1 ? factors.getFirst() : factors.get(random.nextInt(factors.size()));
  }
}
