package dev.andante.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.AttentionParameters;
import dev.andante.compute.BFloat16;
import dev.andante.compute.BackendException;
import dev.andante.compute.Batch;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeParameters;
import dev.andante.compute.RopeTable;
import dev.andante.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The KV cache and attention over it. */
abstract class AttentionConformance extends MatmulConformance {

  private static AttentionParameters heads(int heads, int kvHeads, int headDim) {
    return new AttentionParameters(heads, kvHeads, headDim, (float) (1 / Math.sqrt(headDim)));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 8, 16, F32",
    "9, 3, 64, 16, F32",
    "9, 3, 64, 16, BF16",
    "9, 3, 64, 32, F32",
    "9, 3, 64, 32, BF16",
    "4, 4, 16, 32, BF16",
    "8, 1, 32, 1, BF16",
    "6, 2, 20, 16, F32",
    "6, 2, 23, 16, BF16",
    "14, 2, 64, 1, F32",
    "4, 1, 128, 16, BF16",
    "2, 1, 192, 32, F32"
  })
  void raggedBatches(int heads, int kvHeads, int headDim, int blockSize, DType kvType) {
    AttentionCase data =
        new AttentionCase(
            random(), heads(heads, kvHeads, headDim), blockSize, kvType, 17, 6, 32, 65, 101);
    int[] start = new int[5];
    int[] context = {0, 5, 31, 32, 100};
    int[] end = {17, 6, 32, 65, 101};
    agree(
        "attention, " + heads + "/" + kvHeads + " heads of " + headDim + ", " + kvType,
        attentionLimit(),
        on -> {
          try (KvPool pool = data.allocate(on)) {
            data.run(on, pool, start, context);
            return data.run(on, pool, context, end);
          }
        });
  }

  /** The last tokens of two long sequences: few, as in decode, and many, as of a prompt's chunk. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void longContexts(DType kvType) {
    int[] lengths = {1500, 700};
    AttentionCase data = new AttentionCase(random(), heads(6, 2, 64), 16, kvType, lengths);
    for (int[] rows : new int[][] {{10, 1}, {100, 40}}) {
      int[] context = {lengths[0] - rows[0], lengths[1] - rows[1]};
      agree(
          "attention of " + Arrays.toString(rows) + " rows over 1500 positions",
          attentionLimit(),
          on -> {
            try (KvPool pool = data.allocate(on)) {
              data.store(on, pool, new int[2], context);
              return data.run(on, pool, context, lengths);
            }
          });
    }
  }

  @ParameterizedTest
  @CsvSource({"16, F32", "16, BF16", "32, BF16", "1, F32"})
  void aRowsAttentionDependsOnItsSequenceAlone(int blockSize, DType kvType) {
    AttentionCase data = new AttentionCase(random(), heads(9, 3, 64), blockSize, kvType, 70, 40, 1);
    int columns = data.queryColumns();
    try (KvPool pool = data.allocate(backend())) {
      float[] whole = data.runAlone(backend(), pool, 0, 70);
      for (int chunk : new int[] {1, 2, 3, 7, 16, 31, 32, 33, 64}) {
        sameBits("chunks of " + chunk, data.runAlone(backend(), pool, 0, chunk), whole);
      }
      float[] other = data.runAlone(backend(), pool, 1, 40);
      for (int cut : new int[] {1, 15, 16, 17, 33, 39}) {
        data.run(backend(), pool, new int[3], new int[] {cut, cut, 0});
        float[] mixed =
            data.run(backend(), pool, new int[] {cut, cut, 0}, new int[] {70, cut + 1, 1});
        sameBits(
            "from " + cut + " beside others",
            rows(mixed, columns, 0, 70 - cut),
            rows(whole, columns, cut, 70));
        sameBits(
            "a decode row at " + cut,
            rows(mixed, columns, 70 - cut, 71 - cut),
            rows(other, columns, cut, cut + 1));
      }
    }
  }

  /**
   * Decode and verification of drafts, of enough sequences for a backend to split the work
   * otherwise.
   */
  @ParameterizedTest
  @CsvSource({"16, F32", "16, BF16", "32, BF16", "1, BF16"})
  void howManyDecodeTogetherChangesNothing(int blockSize, DType kvType) {
    int[] lengths = new int[40];
    Arrays.setAll(lengths, s -> s == 3 ? 300 : 5 + 7 * s % 90);
    AttentionCase data = new AttentionCase(random(), heads(6, 3, 64), blockSize, kvType, lengths);
    int columns = data.queryColumns();
    int[] before = new int[lengths.length];
    Arrays.setAll(before, s -> lengths[s] - 1 - s % 5);
    try (KvPool pool = data.allocate(backend())) {
      float[][] alone = new float[lengths.length][];
      for (int s = 0; s < lengths.length; s++) {
        alone[s] = rows(data.runAlone(backend(), pool, s, 16), columns, before[s], lengths[s]);
      }
      data.run(backend(), pool, new int[lengths.length], before);
      float[] together = data.run(backend(), pool, before, lengths);
      int row = 0;
      for (int s = 0; s < lengths.length; s++) {
        int count = lengths[s] - before[s];
        sameBits("sequence " + s, rows(together, columns, row, row + count), alone[s]);
        row += count;
      }
    }
  }

  @Test
  void theFirstPositionAttendsToItselfOnly() {
    AttentionCase data = new AttentionCase(random(), heads(2, 2, 8), 16, DType.F32, 3);
    try (KvPool pool = data.allocate(backend())) {
      float[] out = data.run(backend(), pool, new int[1], new int[] {1});
      int block = data.batch(new int[1], new int[] {1}).blockTables()[0][0];
      // [v][head][token 0][dim] of layer 1
      MemorySegment stored = MemorySegment.ofArray(new byte[2 * 2 * 8 * 4]);
      pool.read(block, 0, 1, 1, 1, stored);
      float[] expected = new float[16];
      for (int i = 0; i < 16; i++) {
        expected[i] = stored.get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 64 + 4L * i);
      }
      close("value of the only position", 1e-13, out, expected);
    }
  }

  @Test
  void extremeScoresDoNotOverflow() {
    AttentionParameters parameters = new AttentionParameters(2, 1, 16, 1000);
    AttentionCase data = new AttentionCase(random(), parameters, 16, DType.F32, 50);
    agree(
        "attention with scores in the thousands",
        attentionLimit(),
        on -> {
          try (KvPool pool = data.allocate(on)) {
            return data.run(on, pool, new int[1], new int[] {50});
          }
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void storedKeysAndValuesAreTheSameBytes(DType kvType) {
    AttentionCase data = new AttentionCase(random(), heads(3, 3, 20), 16, kvType, 37);
    KvLayout layout = data.layout();
    byte[] actual = new byte[(int) (layout.bytesPerToken() * 16)];
    byte[] expected = new byte[actual.length];
    try (KvPool pool = data.allocate(backend());
        KvPool other = data.allocate(reference())) {
      data.runAlone(backend(), pool, 0, 37);
      data.runAlone(reference(), other, 0, 37);
      for (int block = 0; block < pool.blocks(); block++) {
        pool.read(block, 0, 16, 0, 2, MemorySegment.ofArray(actual));
        other.read(block, 0, 16, 0, 2, MemorySegment.ofArray(expected));
        assertThat(actual).as("block %s", block).isEqualTo(expected);
      }
    }
  }

  @Test
  void cachedNumbersAreRoundedToNearestEven() {
    float[] edges = {
      Float.intBitsToFloat(0x3F80_8000),
      Float.intBitsToFloat(0x3F81_8000),
      Float.intBitsToFloat(0xBF80_8001),
      Float.MAX_VALUE,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      -0f,
      Float.MIN_VALUE
    };
    KvLayout layout = new KvLayout(1, 1, 8, 4, DType.BF16);
    byte[] stored = new byte[(int) layout.bytesPerToken()];
    try (KvPool pool = backend().allocateKv(layout, 1);
        BoundBatch batch =
            backend()
                .bind(
                    new Batch(
                        new int[1], new int[] {0, 1}, new int[] {2}, new int[1][1], new int[0]))) {
      Tensor x = upload(backend(), edges, 1);
      backend().writeKv(x, x, pool, 0, batch);
      pool.read(0, 2, 1, 0, 1, MemorySegment.ofArray(stored));
    }
    for (int i = 0; i < 16; i++) {
      short bits = (short) ((stored[2 * i] & 0xFF) | (stored[2 * i + 1] << 8));
      float edge = edges[i % 8];
      if (Float.isNaN(edge)) {
        assertThat(BFloat16.toFloat(bits)).isNaN();
      } else {
        assertThat(bits).as("bf16 of %s", edge).isEqualTo(BFloat16.fromFloat(edge));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void placingKeysAndValuesIsRopeAndWritingThem(DType kvType) {
    KvLayout layout = new KvLayout(2, 3, 16, 16, kvType);
    RopeTable table =
        backend()
            .rope(new RopeParameters(RopeParameters.Style.HALVES, new float[] {1, 0.3f}, 1, 80));
    int rows = 45;
    float[] values = gaussian(rows * 12 * 16);
    Batch two =
        new Batch(
            new int[rows],
            new int[] {0, 5, rows},
            new int[] {0, 21},
            new int[][] {{4}, {3, 1, 0, 2}},
            new int[0]);
    try (KvPool expected = backend().allocateKv(layout, 5);
        KvPool actual = backend().allocateKv(layout, 5);
        BoundBatch batch = backend().bind(two)) {
      Tensor apart = uploadView(backend(), values, rows);
      backend().rope(apart.columns(0, 96), 16, table, batch);
      backend().rope(apart.columns(96, 144), 16, table, batch);
      backend().writeKv(apart.columns(96, 144), apart.columns(144, 192), expected, 1, batch);
      Tensor together = uploadView(backend(), values, rows);
      backend()
          .ropeAndWriteKv(
              together.columns(0, 96),
              together.columns(96, 144),
              together.columns(144, 192),
              16,
              table,
              actual,
              1,
              batch);
      sameBits("queries", download(backend(), together), download(backend(), apart));
      for (int block = 0; block < 5; block++) {
        assertThat(readBlock(actual, block))
            .as("block %d", block)
            .isEqualTo(readBlock(expected, block));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void runsOfTokensRoundTripThroughTheWire(DType kvType) {
    KvLayout layout = new KvLayout(3, 2, 5, 16, kvType);
    try (KvPool pool = backend().allocateKv(layout, 4)) {
      byte[] zero = new byte[(int) layout.bytesPerBlock()];
      assertThat(readBlock(pool, 3)).as("fresh memory").isEqualTo(zero);

      byte[] first = randomBytes(zero.length);
      pool.write(1, 0, 16, 0, 3, MemorySegment.ofArray(first));
      assertThat(readBlock(pool, 1)).isEqualTo(first);
      assertThat(readBlock(pool, 0)).isEqualTo(zero);
      assertThat(readBlock(pool, 2)).isEqualTo(zero);

      // tokens 5..8 of layers 1 and 2
      byte[] part = randomBytes((int) (4 * 2 * layout.bytesPerTokenLayer()));
      pool.write(1, 5, 4, 1, 2, MemorySegment.ofArray(part));
      byte[] back = new byte[part.length];
      pool.read(1, 5, 4, 1, 2, MemorySegment.ofArray(back));
      assertThat(back).isEqualTo(part);
      assertThat(readBlock(pool, 1)).isEqualTo(patched(first, part, layout));

      pool.copy(1, 2);
      assertThat(readBlock(pool, 2)).isEqualTo(readBlock(pool, 1));
      assertThat(readBlock(pool, 3)).isEqualTo(zero);
    }
  }

  /** {@code [layer][side][head][token]} with tokens 5..8 of layers 1 and 2 replaced. */
  private static byte[] patched(byte[] block, byte[] part, KvLayout layout) {
    byte[] patched = block.clone();
    int token = layout.headDim() * layout.dtype().blockBytes();
    int runs = 2 * layout.kvHeads();
    for (int run = 0; run < 2 * runs; run++) {
      int to = ((runs + run) * layout.blockSize() + 5) * token;
      System.arraycopy(part, run * 4 * token, patched, to, 4 * token);
    }
    return patched;
  }

  private static byte[] readBlock(KvPool pool, int block) {
    KvLayout layout = pool.layout();
    byte[] bytes = new byte[(int) layout.bytesPerBlock()];
    pool.read(block, 0, layout.blockSize(), 0, layout.layers(), MemorySegment.ofArray(bytes));
    return bytes;
  }

  private byte[] randomBytes(int n) {
    byte[] bytes = new byte[n];
    random().nextBytes(bytes);
    return bytes;
  }

  @Test
  void aTransferredCacheGivesTheSameBits() {
    AttentionCase data = new AttentionCase(random(), heads(6, 2, 64), 16, DType.BF16, 41);
    try (KvPool here = data.allocate(backend());
        KvPool there = data.allocate(backend())) {
      data.run(backend(), here, new int[1], new int[] {40});
      Batch batch = data.batch(new int[] {40}, new int[] {41});
      byte[] wire = new byte[(int) (data.layout().bytesPerToken() * 16)];
      for (int i = 0; i < 3; i++) {
        int block = batch.blockTables()[0][i];
        int tokens = i == 2 ? 8 : 16;
        here.read(block, 0, tokens, 0, 2, MemorySegment.ofArray(wire));
        there.write(block, 0, tokens, 0, 2, MemorySegment.ofArray(wire));
      }
      sameBits(
          "the next token",
          data.run(backend(), there, new int[] {40}, new int[] {41}),
          data.run(backend(), here, new int[] {40}, new int[] {41}));
    }
  }

  @Test
  void poolsRefuseRangesTheyDoNotHave() {
    KvLayout layout = new KvLayout(2, 1, 4, 16, DType.F32);
    MemorySegment enough = MemorySegment.ofArray(new byte[(int) layout.bytesPerBlock()]);
    try (KvPool pool = backend().allocateKv(layout, 3)) {
      assertThat(pool.blocks()).isEqualTo(3);
      assertThat(pool.layout()).isEqualTo(layout);
      int[][] wrong = {
        {3, 0, 1, 0, 1},
        {-1, 0, 1, 0, 1},
        {0, -1, 1, 0, 1},
        {0, 10, 7, 0, 1},
        {0, 0, 1, 1, 2},
        {0, 0, 1, -1, 1},
        {0, 0, -1, 0, 1}
      };
      for (int[] range : wrong) {
        assertThatThrownBy(
                () -> pool.read(range[0], range[1], range[2], range[3], range[4], enough))
            .as("read %s", Arrays.toString(range))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                () -> pool.write(range[0], range[1], range[2], range[3], range[4], enough))
            .as("write %s", Arrays.toString(range))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThatThrownBy(() -> pool.read(0, 0, 16, 0, 2, enough.asSlice(1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> pool.copy(0, 3)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> pool.copy(-1, 0)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> backend().allocateKv(layout, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPoolTooLargeForTheMachineIsRefusedWithItsSize() {
    KvLayout huge = new KvLayout(64, 64, 256, 1 << 20, DType.F32);
    assertThatThrownBy(() -> backend().allocateKv(huge, 1 << 20))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("bytes");
  }

  @Test
  void notANumberStaysInItsSequence() {
    AttentionCase data = new AttentionCase(random(), heads(2, 1, 16), 16, DType.F32, 20, 33);
    int columns = data.queryColumns();
    try (KvPool pool = data.allocate(backend())) {
      data.run(backend(), pool, new int[2], new int[] {19, 32});
      float[] clean = data.run(backend(), pool, new int[] {19, 32}, new int[] {20, 33});
      int block = data.batch(new int[2], new int[2]).blockTables()[0][0];
      byte[] token = new byte[(int) data.layout().bytesPerToken()];
      Arrays.fill(token, (byte) 0xFF); // all NaN
      pool.write(block, 3, 1, 0, 2, MemorySegment.ofArray(token));
      float[] dirty = data.run(backend(), pool, new int[] {19, 32}, new int[] {20, 33});
      assertThat(rows(dirty, columns, 0, 1)).containsOnly(Float.NaN);
      sameBits("the other sequence", rows(dirty, columns, 1, 2), rows(clean, columns, 1, 2));
    }
  }

  @Test
  void whatLiesBeyondASequencesEndIsNeverRead() {
    AttentionCase data = new AttentionCase(new Random(5), heads(2, 1, 16), 16, DType.F32, 40);
    try (KvPool pool = data.allocate(backend())) {
      float[] clean = data.run(backend(), pool, new int[1], new int[] {20});
      byte[] block = new byte[(int) data.layout().bytesPerBlock()];
      Arrays.fill(block, (byte) 0xFF); // a reused block may hold anything
      for (int b = 0; b < pool.blocks(); b++) {
        pool.write(b, 0, 16, 0, 2, MemorySegment.ofArray(block));
      }
      sameBits("over stale blocks", data.run(backend(), pool, new int[1], new int[] {20}), clean);
    }
  }
}
