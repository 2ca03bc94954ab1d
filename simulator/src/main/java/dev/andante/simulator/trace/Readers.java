package dev.andante.simulator.trace;

import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.ReaderPace;
import java.util.random.RandomGenerator;

/** Who reads the answers: draws each reader's pace. */
@FunctionalInterface
public interface Readers {

  QoeOverride next();

  /** All at one pace, tokens per second. */
  static Readers at(double tokensPerSecond) {
    QoeOverride all = new QoeOverride(null, tokensPerSecond);
    return () -> all;
  }

  /**
   * Adults of all ages, as Andes v1 (arXiv 2404.16283, table 1) draws them: shares of age groups
   * and the words a minute that each reads, at 4.8 tokens a second on average.
   */
  static Readers ofAllAges(RandomGenerator random) {
    double[] shares = {0.280, 0.519, 0.112, 0.056, 0.033};
    double[] words = {236, 200, 192, 185, 175};
    double mean = 0;
    for (int i = 0; i < shares.length; i++) {
      mean += shares[i] * words[i];
    }
    double tokensPerWord = ReaderPace.READING.tokensPerSecond() / mean;
    return () -> {
      double drawn = random.nextDouble();
      int group = 0;
      while (group < shares.length - 1 && drawn >= shares[group]) {
        drawn -= shares[group++];
      }
      return new QoeOverride(null, words[group] * tokensPerWord);
    };
  }
}
