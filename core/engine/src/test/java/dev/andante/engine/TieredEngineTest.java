package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.DType;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.model.dummy.TinyModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An engine whose pool is too small, with tiers below it, beside one whose pool is not. */
class TieredEngineTest {

  private static final int PROMPTS = 8;
  private static final int PROMPT = 42;
  private static final int ANSWER = 6;

  /** Of the tiny model: 2 layers, 2 heads of 8 elements. */
  private static final long BLOCK_BYTES = 4 * 2L * 2 * 2 * 8 * 4;

  @TempDir Path folder;

  /** What the engine counted; on its thread until it is closed. */
  private static final class Counts implements EngineObserver, KvTierObserver {
    final Map<KvTier, Integer> loaded = new EnumMap<>(KvTier.class);
    final Map<Resumption, Integer> resumed = new EnumMap<>(Resumption.class);
    int damaged;

    @Override
    public KvTierObserver kvTiers() {
      return this;
    }

    @Override
    public void onResumed(Resumption how) {
      resumed.merge(how, 1, Integer::sum);
    }

    @Override
    public void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {
      loaded.merge(tier, blocks, Integer::sum);
    }

    @Override
    public void onDamaged(KvTier tier) {
      damaged++;
    }
  }

  private static EngineConfig config(int blocks, int sequences, TierLimits tiers) {
    return DEFAULTS.toBuilder()
        .blocks(blocks)
        .maxSequences(sequences)
        .maxDraftTokens(0)
        .build()
        .with(tiers);
  }

  private TierLimits limits(KvTier lowest) {
    return lowest == KvTier.HOST
        ? TierLimits.host(200 * BLOCK_BYTES)
        : new TierLimits(4 * BLOCK_BYTES, 1 << 20, Optional.of(folder));
  }

  private static EngineFixture tiny(EngineConfig config, EngineObserver observer) {
    return new EngineFixture(
        config, DraftSource.NONE, backend -> TinyModels.llama(backend, 7), observer, Set.of());
  }

  private static List<Integer> answer(EngineFixture f, String id, int seed) {
    PromptTokens prompt = PromptTokens.of(prompt(PROMPT, seed, 256));
    SamplingParams sampling = seed % 2 == 0 ? SamplingParams.GREEDY : seeded(seed);
    Recorder recorder = f.generate(id, prompt, sampling, stop(ANSWER), false).await();
    assertThat(recorder.failure()).isNull();
    return recorder.ids();
  }

  private static List<List<Integer>> answers(EngineFixture f, String round) {
    List<List<Integer>> all = new ArrayList<>();
    for (int seed = 0; seed < PROMPTS; seed++) {
      all.add(answer(f, round + seed, seed));
    }
    return all;
  }

  @ParameterizedTest
  @EnumSource(names = {"HOST", "DISK"})
  void theAnswersAreThoseOfAnEngineWithoutTiers(KvTier lowest) {
    Counts counts = new Counts();
    try (EngineFixture alone = tiny(config(64, 4, TierLimits.NONE), EngineObserver.NONE);
        EngineFixture f = tiny(config(14, 4, limits(lowest)), counts)) {
      List<List<Integer>> expected = answers(alone, "x");
      for (int round = 0; round < 3; round++) {
        assertThat(answers(f, round + "/")).isEqualTo(expected);
      }
      f.assertIdle();
    }
    assertThat(counts.loaded.getOrDefault(lowest, 0)).as("blocks loaded").isPositive();
    assertThat(counts.damaged).isZero();
  }

  @ParameterizedTest
  @EnumSource(names = {"HOST", "DISK"})
  void theBytesLoadedAreTheBytesGivenUp(KvTier lowest) {
    Counts counts = new Counts();
    try (EngineFixture f = tiny(config(14, 4, limits(lowest)), counts)) {
      List<String> before = kv(f, "before", 1);
      answers(f, "others");
      assertThat(kv(f, "after", 1)).isEqualTo(before);
      f.assertIdle();
    }
    assertThat(counts.loaded.getOrDefault(lowest, 0)).as("blocks loaded").isPositive();
  }

  /** What prefill hands over of a prompt, token by token. */
  private static List<String> kv(EngineFixture f, String id, int seed) {
    PrefillRecorder job = new PrefillRecorder();
    f.engine.prefill(
        new PrefillJob(
            new Attempt(id, 1),
            PromptTokens.of(prompt(PROMPT, seed, 256)),
            SamplingParams.GREEDY,
            stop(ANSWER)),
        job);
    job.await();
    return job.runs.stream()
        .map(
            run ->
                run.firstToken()
                    + ": "
                    + HexFormat.of().formatHex(run.kv().toArray(ValueLayout.JAVA_BYTE)))
        .toList();
  }

  @Test
  void aDamagedFileIsNoticedAndChangesNoToken() throws IOException {
    Counts counts = new Counts();
    try (EngineFixture f = tiny(config(14, 4, limits(KvTier.DISK)), counts)) {
      List<List<Integer>> expected = answers(f, "a");
      damage();
      assertThat(answers(f, "b")).isEqualTo(expected);
      f.assertIdle();
    }
    assertThat(counts.damaged).isPositive();
    assertThat(folder).as("the file went with the engine").isEmptyDirectory();
  }

  /** Changes a byte in each slot. */
  private void damage() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(
          file -> {
            try (FileChannel raw = FileChannel.open(file, StandardOpenOption.WRITE)) {
              for (long slot = 0; slot * 4096 < raw.size(); slot++) {
                raw.write(ByteBuffer.wrap(new byte[] {77}), slot * 4096 + 100);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  @Test
  void decodeSharesWhatCameBackWithAReservation() {
    Counts counts = new Counts();
    try (EngineFixture f = tiny(config(14, 4, limits(KvTier.HOST)), counts)) {
      answers(f, "a");
      KvReservation reservation =
          EngineFixture.get(
              f.engine.reserve(new Attempt("pd", 1), PromptTokens.of(prompt(PROMPT, 0, 256))));
      assertThat(reservation.cachedTokens()).isEqualTo(PROMPT / 4 * 4);
      f.checkIntegrity();
      assertThat(EngineFixture.get(f.engine.release(reservation.handle()))).isTrue();
      f.assertIdle();
    }
    assertThat(counts.loaded.getOrDefault(KvTier.HOST, 0)).isPositive();
  }

  @Test
  void preemptedRequestsComeBackFromBelow() {
    Counts swapping = new Counts();
    Counts computing = new Counts();
    long blockBytes = 4 * 2L * 2 * 4 * 4;
    assertThat(crowd(TierLimits.host(200 * blockBytes), swapping))
        .isEqualTo(crowd(TierLimits.NONE, computing));
    assertThat(swapping.resumed.getOrDefault(Resumption.SWAPPED, 0)).isPositive();
    assertThat(computing.resumed).doesNotContainKey(Resumption.SWAPPED);
    assertThat(computing.resumed.getOrDefault(Resumption.RECOMPUTED, 0)).isPositive();
  }

  /** Answers of requests that do not fit at once, each checked against what it gets alone. */
  private static List<List<Integer>> crowd(TierLimits tiers, EngineObserver observer) {
    List<List<Integer>> answers = new ArrayList<>();
    try (EngineFixture f =
            new EngineFixture(
                config(24, 8, tiers).with(Scheduling.DEFAULT),
                DraftSource.NONE,
                FakeModel::new,
                observer,
                Set.of());
        EngineFixture alone = new EngineFixture(config(64, 1, TierLimits.NONE), DraftSource.NONE)) {
      List<Recorder> recorders = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        recorders.add(f.generate("r" + i, prompt(11, i), 50));
      }
      for (int i = 0; i < 8; i++) {
        List<Integer> ids = recorders.get(i).await().ids();
        assertThat(ids).isEqualTo(alone.generate("r" + i, prompt(11, i), 50).await().ids());
        answers.add(ids);
      }
      f.assertIdle();
    }
    return answers;
  }

  @Test
  void tiersWithoutAPrefixCacheAreRefused() {
    assertThatThrownBy(
            () ->
                EngineConfig.builder(4, 4)
                    .kvDtype(DType.F32)
                    .maxBatchTokens(4)
                    .maxSequences(4)
                    .maxWaiting(4)
                    .lease(Duration.ofSeconds(1))
                    .prefixCache(false)
                    .build()
                    .with(TierLimits.host(1000)))
        .hasMessageStartingWith("tiers hold what the prefix cache gives up");
  }

  @Test
  void tiersThatCannotBeHadFailTheStart() {
    assertThatThrownBy(() -> tiny(config(14, 4, TierLimits.host(1)), EngineObserver.NONE))
        .hasMessageStartingWith("host_bytes of 1 hold 0 blocks");
  }
}
