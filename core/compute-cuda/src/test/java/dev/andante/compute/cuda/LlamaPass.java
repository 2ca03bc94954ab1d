package dev.andante.compute.cuda;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.Backend;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A Llama of random weights, straight on the SPI, to drive a backend at the shapes of real models.
 */
final class LlamaPass implements AutoCloseable {

  record Shape(
      String name,
      int layers,
      int hidden,
      int heads,
      int kvHeads,
      int headDim,
      int ffn,
      int vocab) {

    long parameters() {
      long layer = (long) hidden * headDim * (2L * heads + 2L * kvHeads) + 3L * hidden * ffn;
      return layers * layer + (long) vocab * hidden;
    }
  }

  static final Shape TINY = new Shape("tiny", 2, 256, 4, 2, 64, 512, 1000);
  static final Shape SMALL = new Shape("135m", 30, 576, 9, 3, 64, 1536, 49_152);
  static final Shape LARGE = new Shape("8b", 32, 4096, 32, 8, 128, 14_336, 128_256);

  private static final int BLOCK = 16;

  private record Layer(
      Weight norm1, Weight qkv, Weight output, Weight norm2, Weight gateUp, Weight down) {}

  private final Backend backend;
  private final Shape shape;
  private final Weight table;
  private final Weight norm;
  private final Weight head;
  private final List<Layer> layers = new ArrayList<>();
  private final RopeTable rope;
  private final KvPool pool;
  private final int blocksPerSequence;
  private final Tensor x;
  private final Tensor normed;
  private final Tensor fused;
  private final Tensor attended;
  private final Tensor both;
  private final Tensor gated;
  private final Tensor last;
  private final Tensor logits;

  private LlamaPass(
      Backend backend, Shape shape, DType dtype, int sequences, int maxTokens, int maxRows) {
    this.backend = backend;
    this.shape = shape;
    int q = shape.heads * shape.headDim;
    int kv = shape.kvHeads * shape.headDim;
    try (Arena arena = Arena.ofShared()) {
      HostTensor ones = ones(arena, shape.hidden);
      norm = backend.load(ones);
      table = backend.load(random(arena, "table", DType.BF16, shape.vocab, shape.hidden));
      head = backend.load(random(arena, "head", dtype, shape.vocab, shape.hidden));
      HostTensor qkv = random(arena, "qkv", dtype, q + 2 * kv, shape.hidden);
      HostTensor output = random(arena, "output", dtype, shape.hidden, q);
      HostTensor gateUp = random(arena, "gate_up", dtype, 2 * shape.ffn, shape.hidden);
      HostTensor down = random(arena, "down", dtype, shape.hidden, shape.ffn);
      for (int i = 0; i < shape.layers; i++) {
        layers.add(
            new Layer(
                backend.load(ones),
                backend.load(qkv),
                backend.load(output),
                backend.load(ones),
                backend.load(gateUp),
                backend.load(down)));
      }
    }
    float[] frequencies = new float[shape.headDim / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) Math.pow(10_000, -2.0 * i / shape.headDim);
    }
    rope =
        backend.rope(
            new RopeParameters(RopeParameters.Style.HALVES, frequencies, 1, maxTokens + 1));
    KvLayout layout = new KvLayout(shape.layers, shape.kvHeads, shape.headDim, BLOCK, DType.BF16);
    blocksPerSequence = layout.blocksFor(maxTokens);
    pool = backend.allocateKv(layout, sequences * blocksPerSequence);
    x = backend.allocate(maxRows, shape.hidden);
    normed = backend.allocate(maxRows, shape.hidden);
    fused = backend.allocate(maxRows, q + 2 * kv);
    attended = backend.allocate(maxRows, q);
    both = backend.allocate(maxRows, 2 * shape.ffn);
    gated = backend.allocate(maxRows, shape.ffn);
    last = backend.allocate(sequences, shape.hidden);
    logits = backend.allocate(sequences, shape.vocab);
  }

  /** With room for {@code sequences} of {@code maxTokens} and prompts of up to 2048 rows. */
  static LlamaPass random(Backend backend, Shape shape, DType dtype, int sequences, int maxTokens) {
    return new LlamaPass(
        backend,
        shape,
        dtype,
        sequences,
        maxTokens,
        Math.max(sequences, Math.min(maxTokens, 2048)));
  }

  private static HostTensor ones(Arena arena, int n) {
    MemorySegment data = arena.allocate(4L * n, 64);
    for (int i = 0; i < n; i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
    }
    return new HostTensor("ones", DType.F32, new long[] {n}, data);
  }

  /** Weights whose products keep the scale of their inputs. */
  private static HostTensor random(Arena arena, String name, DType dtype, int outputs, int inputs) {
    long rowBytes = dtype.bytes(inputs);
    MemorySegment data = arena.allocate(rowBytes * outputs, 64);
    float scale = (float) (1 / Math.sqrt(inputs));
    short d =
        Float.floatToFloat16(
            switch (dtype) {
              case Q8_0 -> scale / 74; // 74: spread of a uniform byte
              case Q4_0 -> scale / 4.6f;
              default -> scale;
            });
    IntStream.range(0, outputs)
        .parallel()
        .forEach(
            row -> {
              SplittableRandom random = new SplittableRandom(name.hashCode() * 31L + row);
              MemorySegment target = data.asSlice(row * rowBytes, rowBytes);
              switch (dtype) {
                case BF16 -> {
                  for (int i = 0; i < inputs; i++) {
                    float value = (random.nextInt() / (float) (1L << 31)) * 1.73f * scale;
                    short bits = (short) (Float.floatToRawIntBits(value) >>> 16);
                    target.setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
                  }
                }
                case Q4_0, Q8_0 -> {
                  for (long i = 0; i + 8 <= rowBytes; i += 8) {
                    target.set(ValueLayout.JAVA_LONG_UNALIGNED, i, random.nextLong());
                  }
                  for (long i = 0; i < rowBytes; i += dtype.blockBytes()) {
                    target.set(ValueLayout.JAVA_SHORT_UNALIGNED, i, d);
                  }
                }
                default -> throw new IllegalArgumentException(dtype + " is not benchmarked");
              }
            });
    return new HostTensor(name, dtype, new long[] {outputs, inputs}, data);
  }

  /** One pass; returns the most likely next token of each logit row. */
  int[] pass(Batch batch) {
    int rows = batch.rows();
    int q = shape.heads * shape.headDim;
    int kv = shape.kvHeads * shape.headDim;
    AttentionParameters parameters =
        new AttentionParameters(
            shape.heads, shape.kvHeads, shape.headDim, (float) (1 / Math.sqrt(shape.headDim)));
    Tensor state = x.rows(rows);
    Tensor input = normed.rows(rows);
    Tensor all = fused.rows(rows);
    Tensor heads = attended.rows(rows);
    int[] tokens = new int[batch.logitRows().length];
    try (BoundBatch bound = backend.bind(batch)) {
      backend.embed(table, bound, state);
      for (int i = 0; i < layers.size(); i++) {
        Layer layer = layers.get(i);
        backend.rmsNorm(state, layer.norm1, 1e-5f, input);
        backend.matmul(input, layer.qkv, all);
        backend.rope(all.columns(0, q + kv), shape.headDim, rope, bound);
        backend.writeKv(all.columns(q, q + kv), all.columns(q + kv, q + 2 * kv), pool, i, bound);
        backend.attention(all.columns(0, q), pool, i, parameters, bound, heads);
        backend.matmulAdd(heads, layer.output, state);
        backend.rmsNorm(state, layer.norm2, 1e-5f, input);
        backend.matmul(input, layer.gateUp, both.rows(rows));
        backend.siluMul(both.rows(rows), gated.rows(rows));
        backend.matmulAdd(gated.rows(rows), layer.down, state);
      }
      Tensor wanted = last.rows(tokens.length);
      backend.gatherRows(state, batch.logitRows(), wanted);
      backend.rmsNorm(wanted, norm, 1e-5f, wanted);
      backend.matmul(wanted, head, logits.rows(tokens.length));
      backend.argmax(logits.rows(tokens.length), tokens);
    }
    return tokens;
  }

  private int[] table(int sequence) {
    int[] blocks = new int[blocksPerSequence];
    Arrays.setAll(blocks, i -> sequence * blocksPerSequence + i);
    return blocks;
  }

  /** A prompt of one sequence; returns the next token. */
  int prefill(int sequence, int from, int tokens) {
    int[] ids = new int[tokens];
    Arrays.setAll(ids, i -> (i * 7919 + 13) % shape.vocab);
    return pass(
        new Batch(
            ids,
            new int[] {0, tokens},
            new int[] {from},
            new int[][] {table(sequence)},
            new int[] {tokens - 1}))[0];
  }

  /** One step of {@code sequences} at {@code context}, in place of {@code tokens}. */
  void decode(int[] tokens, int context) {
    int n = tokens.length;
    int[] rowStart = new int[n + 1];
    Arrays.setAll(rowStart, i -> i);
    int[] contexts = new int[n];
    Arrays.fill(contexts, context);
    int[][] tables = new int[n][];
    Arrays.setAll(tables, this::table);
    int[] rows = new int[n];
    Arrays.setAll(rows, i -> i);
    int[] next = pass(new Batch(tokens.clone(), rowStart, contexts, tables, rows));
    System.arraycopy(next, 0, tokens, 0, n);
  }

  /** Greedy tokens {@code [sequences][steps]} after the same prompt in each sequence. */
  int[] generate(int sequences, int prompt, int steps) {
    int[] tokens = new int[sequences];
    for (int s = 0; s < sequences; s++) {
      tokens[s] = prefill(s, 0, prompt);
    }
    int[] all = new int[sequences * steps];
    for (int step = 0; step < steps; step++) {
      for (int s = 0; s < sequences; s++) {
        all[s * steps + step] = tokens[s];
      }
      decode(tokens, prompt + step);
    }
    return all;
  }

  @Override
  public void close() {
    for (Tensor tensor : List.of(x, normed, fused, attended, both, gated, last, logits)) {
      tensor.close();
    }
    pool.close();
  }
}
