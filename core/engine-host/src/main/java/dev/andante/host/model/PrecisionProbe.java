package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.Workspace;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Finds out whether a model bears {@link Precision#FAST}: computes some tokens both ways and
 * compares what the model says of the next one. The mean Kullback-Leibler divergence of the fast
 * from the exact law is how much longer the fast model's code of the exact model's text is, in nats
 * a token: e to it is the factor of perplexity on that text.
 *
 * <p>Tokens are drawn at random from the vocabulary, so no text is needed; the default model's
 * divergence on them (0.006) is about that on English text (0.005). A backend that takes many rows
 * another way is tried with few and with many: the worse of the two counts.
 */
final class PrecisionProbe {

  /** The factor of perplexity that is borne. */
  private static final double LARGEST_RATIO = 1.01;

  private static final int FEWEST_TOKENS = 32;
  private static final int MOST_TOKENS = 64;

  /** Rows at once that are worth trying, however a backend takes more. */
  private static final int MOST_ROWS = 128;

  /** Floating-point operations worth spending: a fraction of a second. */
  private static final double BUDGET = 40e9;

  private static final int CHUNK = 32;
  private static final int BLOCK = 16;

  private final LanguageModel model;
  private final Backend backend;
  private final ComputePool pool;
  private final int vocabulary;

  private PrecisionProbe(LanguageModel model, Backend backend, ComputePool pool) {
    this.model = model;
    this.backend = backend;
    this.pool = pool;
    this.vocabulary = model.config().vocabularySize();
  }

  /**
   * In nats a token, not finite for a model that computes nonsense. Leaves the backend in the
   * precision it is in. For the owner, before anything is served.
   */
  static double divergence(LanguageModel model, Backend backend, ComputePool pool) {
    Precision before = backend.precision();
    try {
      return new PrecisionProbe(model, backend, pool).worstDivergence();
    } finally {
      backend.setPrecision(before);
    }
  }

  /**
   * Whether a model bears it.
   *
   * @param divergence in nats a token
   */
  static boolean isCloseEnough(double divergence) {
    return divergence <= Math.log(LARGEST_RATIO); // false for NaN
  }

  private double worstDivergence() {
    backend.setPrecision(Precision.FAST);
    int many = backend.manyRows();
    double few = divergence(Math.clamp(many - 1, 1, CHUNK));
    return many > MOST_ROWS ? few : Math.max(few, divergence(many)); // NaN if either is
  }

  private double divergence(int chunk) {
    int[] tokens = tokens(chunk);
    KvLayout layout = model.kvLayout(BLOCK, DType.BF16);
    int blocks = layout.blocksFor(tokens.length);
    double sum = 0;
    try (KvPool exactCache = backend.allocateKv(layout, blocks);
        KvPool fastCache = backend.allocateKv(layout, blocks);
        Workspace workspace = model.workspace(chunk, chunk)) {
      float[] exact = new float[chunk * vocabulary];
      float[] fast = new float[chunk * vocabulary];
      for (int from = 0; from < tokens.length; from += chunk) {
        int rows = Math.min(chunk, tokens.length - from);
        Batch batch = batch(tokens, from, rows, blocks);
        compute(Precision.EXACT, batch, exactCache, workspace, exact);
        compute(Precision.FAST, batch, fastCache, workspace, fast);
        double[] ofRow = new double[rows];
        pool.run(rows, r -> ofRow[r] = divergence(exact, fast, r * vocabulary));
        sum += DoubleStream.of(ofRow).sum();
      }
    }
    return sum / tokens.length;
  }

  /** A multiple of {@code chunk} of them, where the context is as long. */
  private int[] tokens(int chunk) {
    ModelConfig config = model.config();
    double hidden = config.hiddenSize();
    double perToken =
        2.0 * config.layers() * hidden * (4 * hidden + 3.0 * config.feedForwardSize());
    int count = (int) Math.clamp(BUDGET / perToken, FEWEST_TOKENS, MOST_TOKENS);
    return new SplittableRandom(1)
        .ints(Math.min((count + chunk - 1) / chunk * chunk, config.contextLength()), 0, vocabulary)
        .toArray();
  }

  private static Batch batch(int[] tokens, int from, int rows, int blocks) {
    return new Batch(
        IntStream.range(from, from + rows).map(i -> tokens[i]).toArray(),
        new int[] {0, rows},
        new int[] {from},
        new int[][] {IntStream.range(0, blocks).toArray()},
        IntStream.range(0, rows).toArray());
  }

  private void compute(
      Precision precision, Batch batch, KvPool cache, Workspace workspace, float[] target) {
    backend.setPrecision(precision);
    Tensor logits = model.forward(batch, cache, workspace);
    backend.read(logits, target);
  }

  /** Of the law of {@code fast[at …]} from that of {@code exact[at …]}, in nats. */
  private double divergence(float[] exact, float[] fast, int at) {
    double exactMax = largest(exact, at);
    double fastMax = largest(fast, at);
    double exactSum = 0;
    double fastSum = 0;
    double weighed = 0;
    for (int i = at; i < at + vocabulary; i++) {
      double x = exact[i] - exactMax;
      double y = fast[i] - fastMax;
      double weight = Math.exp(x);
      exactSum += weight;
      fastSum += Math.exp(y);
      weighed += weight * (x - y);
    }
    return weighed / exactSum - Math.log(exactSum) + Math.log(fastSum);
  }

  private double largest(float[] logits, int at) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + vocabulary; i++) {
      max = Math.max(max, logits[i]);
    }
    return max;
  }
}
