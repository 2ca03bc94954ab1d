package dev.andante.benchmarks.engine;

import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.Workspace;
import java.util.stream.LongStream;

/**
 * Another model that notes when passes begin and end, of those with as many rows as sequences: the
 * steps of running answers without prompts among them. For one engine; read once that is closed.
 */
final class WatchedModel implements LanguageModel {

  private final LanguageModel model;
  private final int rows;
  private final long[] passes;
  private final long[] gaps;
  private int passCount;
  private int gapCount;
  private long lastEnd; // 0 = the last pass was another one

  /**
   * @param model stays the caller's
   * @param rows of the passes that are noted
   * @param most of them
   */
  WatchedModel(LanguageModel model, int rows, int most) {
    this.model = model;
    this.rows = rows;
    this.passes = new long[most];
    this.gaps = new long[most];
  }

  /** Nanoseconds of each pass. */
  LongStream passes() {
    return LongStream.of(passes).limit(passCount);
  }

  /** Nanoseconds from the end of a pass to the beginning of the next, where both were noted. */
  LongStream gaps() {
    return LongStream.of(gaps).limit(gapCount);
  }

  @Override
  public Tensor forward(Batch batch, KvPool cache, Workspace workspace) {
    long begin = System.nanoTime();
    Tensor logits = model.forward(batch, cache, workspace);
    long end = System.nanoTime();
    if (batch.rows() != rows || batch.sequences() != rows || passCount == passes.length) {
      lastEnd = 0;
      return logits;
    }
    passes[passCount++] = end - begin;
    if (lastEnd != 0) {
      gaps[gapCount++] = begin - lastEnd;
    }
    lastEnd = end;
    return logits;
  }

  @Override
  public ModelConfig config() {
    return model.config();
  }

  @Override
  public String fingerprint() {
    return model.fingerprint();
  }

  @Override
  public KvLayout kvLayout(int blockSize, DType dtype) {
    return model.kvLayout(blockSize, dtype);
  }

  @Override
  public Workspace workspace(int maxRows, int maxLogitRows) {
    return model.workspace(maxRows, maxLogitRows);
  }

  /** Leaves the other model open. */
  @Override
  public void close() {}
}
