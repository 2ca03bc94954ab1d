package dev.andante.engine.fake;

import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.ModelConfig;
import dev.andante.model.RopeConfig;
import dev.andante.model.Workspace;
import dev.andante.model.experts.PassContext;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A "model" that stores in the KV of every layer which token is where and a hash of everything
 * before it, and reads all of it back through the block table for each row: wrong tables, wrong
 * contexts, missing or foreign KV are an exception, and the logits depend on every token. Answers
 * tend to repeat themselves, so that prompt lookup has something to find.
 */
public final class FakeModel implements LanguageModel {

  public static final int VOCABULARY = 40;
  public static final int CONTEXT = 128;
  private static final int LAYERS = 2;
  private static final int HEAD_DIM = 4;

  private final Backend backend;
  private final MemorySegment one = Arena.ofAuto().allocate(4L * 2 * HEAD_DIM);

  /** Thrown by the next pass, once. */
  public final AtomicReference<@Nullable Throwable> nextFailure = new AtomicReference<>();

  /** The token after which every logit is NaN. */
  public volatile int poison = -1;

  /** Passes so far. */
  public final AtomicLong passes = new AtomicLong();

  /** For whom each pass was computed. */
  public final List<PassContext> contexts = new CopyOnWriteArrayList<>();

  /** While set, passes wait for it. */
  public volatile @Nullable CountDownLatch gate;

  public FakeModel(Backend backend) {
    this.backend = backend;
  }

  private record FakeWorkspace(int maxRows, int maxLogitRows, Tensor logits) implements Workspace {
    @Override
    public void close() {
      logits.close();
    }
  }

  @Override
  public ModelConfig config() {
    return new ModelConfig(
        "fake",
        VOCABULARY,
        CONTEXT,
        8,
        LAYERS,
        1,
        1,
        HEAD_DIM,
        8,
        1e-5f,
        new RopeConfig(RopeParameters.Style.HALVES, new float[HEAD_DIM / 2], 1),
        true,
        null);
  }

  @Override
  public String fingerprint() {
    return "fake";
  }

  @Override
  public KvLayout kvLayout(int blockSize, DType dtype) {
    return new KvLayout(LAYERS, 1, HEAD_DIM, blockSize, dtype);
  }

  @Override
  public Workspace workspace(int maxRows, int maxLogitRows) {
    return new FakeWorkspace(maxRows, maxLogitRows, backend.allocate(maxLogitRows, VOCABULARY));
  }

  @Override
  public Tensor forward(Batch batch, KvPool cache, Workspace workspace) {
    passes.incrementAndGet();
    contexts.add(PassContext.current());
    waitAtGate();
    fail();
    FakeWorkspace scratch = (FakeWorkspace) workspace;
    if (batch.rows() > scratch.maxRows() || batch.logitRows().length > scratch.maxLogitRows()) {
      throw new IllegalStateException("batch larger than the workspace");
    }
    int blockSize = cache.layout().blockSize();
    for (int s = 0; s < batch.sequences(); s++) {
      int hash = hash(batch, s, batch.context()[s], cache);
      for (int r = batch.rowStart()[s]; r < batch.rowStart()[s + 1]; r++) {
        int position = batch.context()[s] + r - batch.rowStart()[s];
        int token = batch.tokens()[r];
        hash = mix(hash, token);
        int block = batch.blockTables()[s][position / blockSize];
        for (int layer = 0; layer < LAYERS; layer++) {
          cell(token, position, hash, layer);
          cache.write(block, position % blockSize, 1, layer, 1, one);
        }
      }
    }
    float[] logits = new float[batch.logitRows().length * VOCABULARY];
    int out = 0;
    for (int row : batch.logitRows()) {
      int s = sequence(batch, row);
      int length = batch.context()[s] + row - batch.rowStart()[s] + 1;
      fill(logits, out++ * VOCABULARY, hash(batch, s, length, cache), batch.tokens()[row]);
    }
    if (logits.length == 0) {
      return scratch.logits();
    }
    Tensor result = scratch.logits().rows(batch.logitRows().length);
    backend.write(logits, result);
    return result;
  }

  private void waitAtGate() {
    CountDownLatch closed = gate;
    try {
      if (closed != null && !closed.await(60, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody opened the gate");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void fail() {
    Throwable failure = nextFailure.getAndSet(null);
    switch (failure) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }

  private static int sequence(Batch batch, int row) {
    int s = 0;
    while (batch.rowStart()[s + 1] <= row) {
      s++;
    }
    return s;
  }

  /** Hash of the first tokens of a sequence, read from and checked against its blocks. */
  private int hash(Batch batch, int s, int length, KvPool cache) {
    int blockSize = cache.layout().blockSize();
    int hash = 17;
    for (int position = 0; position < length; position++) {
      int block = batch.blockTables()[s][position / blockSize];
      int before = hash;
      for (int layer = 0; layer < LAYERS; layer++) {
        cache.read(block, position % blockSize, 1, layer, 1, one);
        int token = (int) one.getAtIndex(ValueLayout.JAVA_FLOAT, 0);
        hash = mix(before, token);
        MemorySegment found = one.asSlice(0);
        float storedHash = found.getAtIndex(ValueLayout.JAVA_FLOAT, 2);
        if (found.getAtIndex(ValueLayout.JAVA_FLOAT, 1) != position
            || storedHash != (hash & 0xFFFF)
            || found.getAtIndex(ValueLayout.JAVA_FLOAT, HEAD_DIM) != layer) {
          throw new IllegalStateException(
              "sequence " + s + ", layer " + layer + ": KV of position " + position + " is wrong");
        }
      }
    }
    return hash;
  }

  private void cell(int token, int position, int hash, int layer) {
    one.fill((byte) 0);
    one.setAtIndex(ValueLayout.JAVA_FLOAT, 0, token);
    one.setAtIndex(ValueLayout.JAVA_FLOAT, 1, position);
    one.setAtIndex(ValueLayout.JAVA_FLOAT, 2, hash & 0xFFFF);
    one.setAtIndex(ValueLayout.JAVA_FLOAT, HEAD_DIM, layer);
  }

  private void fill(float[] logits, int at, int hash, int last) {
    int state = hash;
    for (int i = 0; i < VOCABULARY; i++) {
      state = mix(state, i);
      logits[at + i] = last == poison ? Float.NaN : (state >>> 8 & 0xFFFF) / 16384f;
    }
    // Mostly a fixed successor, so that texts run in circles.
    if ((hash & 7) != 0) {
      logits[at + (last * 5 + 1) % VOCABULARY] += 3;
    }
  }

  private static int mix(int hash, int value) {
    int mixed = (hash ^ (value + 0x7F4A7C15)) * 0x9E3779B1;
    return mixed ^ mixed >>> 15;
  }

  @Override
  public void close() {}
}
