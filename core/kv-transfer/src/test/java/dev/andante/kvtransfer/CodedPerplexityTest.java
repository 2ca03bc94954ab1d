package dev.andante.kvtransfer;

import static dev.andante.testkit.TestLogits.logSumExp;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.Batch;
import dev.andante.compute.ComputePool;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import dev.andante.format.WeightFiles;
import dev.andante.model.LanguageModel;
import dev.andante.model.Workspace;
import dev.andante.model.loading.Models;
import dev.andante.testkit.TestModels;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * What eight bits cost: how much worse the default model foretells the second half of the golden
 * text after the KV of the first half has been through them.
 */
@Tag("slow")
class CodedPerplexityTest {

  private static final System.Logger LOG = System.getLogger(CodedPerplexityTest.class.getName());

  private static final double MOST = 1.002;
  private static final int BLOCK = 16;
  private static final int CHUNK = 256;

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void theSecondHalfIsForetoldAsWell(DType dtype) {
    Path file = TestModels.requireRealModel();
    int[] ids =
        JsonMapper.shared()
            .readTree(TestModels.requireGolden().resolve("perplexity.json").toFile())
            .get("ids")
            .valueStream()
            .mapToInt(id -> id.asInt())
            .toArray();
    try (ComputePool threads = ComputePool.ofAvailableProcessors();
        Backend backend = Backends.open(Backends.AUTO, threads);
        LanguageModel model = Models.load(WeightFiles.open(file), backend)) {
      double asItIs = secondHalf(backend, model, dtype, ids, KvCoding.AS_IS);
      double coded = secondHalf(backend, model, dtype, ids, KvCoding.Q8);
      double ratio = Math.exp(coded - asItIs);
      LOG.log(
          Level.INFO,
          "KV of {0} tokens in {1}: perplexity of the next {2} is {3}, through q8 {4}, ratio {5}",
          ids.length / 2,
          dtype,
          ids.length - ids.length / 2,
          String.valueOf(Math.exp(asItIs)),
          String.valueOf(Math.exp(coded)),
          String.valueOf(ratio));
      assertThat(coded).as("it was coded").isNotEqualTo(asItIs);
      assertThat(ratio).isLessThanOrEqualTo(MOST);
    }
  }

  /** Mean negative log likelihood. */
  private static double secondHalf(
      Backend backend, LanguageModel model, DType dtype, int[] ids, KvCoding coding) {
    KvLayout layout = model.kvLayout(BLOCK, dtype);
    int vocabulary = model.config().vocabularySize();
    int half = ids.length / 2;
    double sum = 0;
    try (KvPool cache = backend.allocateKv(layout, layout.blocksFor(ids.length));
        Workspace workspace = model.workspace(CHUNK, CHUNK)) {
      for (int from = 0; from < ids.length; from += CHUNK) {
        if (from == half && coding == KvCoding.Q8) {
          throughEightBits(cache, half / BLOCK);
        }
        int[] rows = from < half ? new int[] {CHUNK - 1} : IntStream.range(0, CHUNK).toArray();
        Batch batch =
            new Batch(
                Arrays.copyOfRange(ids, from, from + CHUNK),
                new int[] {0, CHUNK},
                new int[] {from},
                new int[][] {IntStream.range(0, cache.blocks()).toArray()},
                rows);
        float[] logits = new float[rows.length * vocabulary];
        backend.read(model.forward(batch, cache, workspace), logits);
        for (int i = Math.max(from, half); i < Math.min(from + CHUNK, ids.length - 1); i++) {
          int at = (i - from) * vocabulary;
          sum += logSumExp(logits, at, vocabulary) - logits[at + ids[i + 1]];
        }
      }
    }
    return sum / (ids.length - 1 - half);
  }

  /** As a push of whole blocks does it. */
  private static void throughEightBits(KvPool cache, int blocks) {
    KvLayout layout = cache.layout();
    byte[] elements = new byte[Math.toIntExact(layout.bytesPerBlock())];
    for (int block = 0; block < blocks; block++) {
      cache.read(block, 0, BLOCK, 0, layout.layers(), MemorySegment.ofArray(elements));
      byte[] coded = CodedRows.throughEightBits(layout, elements);
      cache.write(block, 0, BLOCK, 0, layout.layers(), MemorySegment.ofArray(coded));
    }
  }
}
