package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.kvcache.BlockKey;
import dev.andante.engine.kvcache.KvEvent;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Sequences that begin alike, seen from outside the engine. */
class PrefixSharingTest {

  private static final int BLOCK = DEFAULTS.blockSize();

  private static final EngineConfig OFF = DEFAULTS.toBuilder().prefixCache(false).build();

  /** What the engine counted. */
  private static final class Counts implements EngineObserver {
    private int computed;
    private int cached;
    private int queried;
    private int hits;

    @Override
    public void onPromptTokens(int computedTokens, int cachedTokens, int transferred) {
      computed += computedTokens;
      cached += cachedTokens;
    }

    @Override
    public void onPrefixLookup(int tokens, int cachedTokens) {
      queried += tokens;
      hits += cachedTokens;
    }

    private int[] all() {
      return new int[] {computed, cached, queried, hits};
    }
  }

  private static EngineFixture fixture(EngineConfig config, EngineObserver observer) {
    return new EngineFixture(config, DraftSource.NONE, FakeModel::new, observer, Set.of());
  }

  @Test
  void theSamePromptIsComputedOnce() {
    Counts counts = new Counts();
    try (EngineFixture f = fixture(DEFAULTS, counts)) {
      Recorder first = f.generate("a", prompt(21, 1), 10).await();
      assertThat(first.stats().cachedTokens()).isZero();
      Recorder second = f.generate("b", prompt(21, 1), 10).await();
      assertThat(second.ids()).isEqualTo(first.ids());
      assertThat(second.stats().cachedTokens()).isEqualTo(20);
      assertThat(f.engine.status().cachedBlocks()).isPositive();
      f.assertIdle();
    }
    assertThat(counts.all()).containsExactly(21 + 1, 20, 42, 20);
  }

  @Test
  void whatIsKeptIsWhatTheEventsSay() {
    List<KvEvent> events = new ArrayList<>();
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onKvEvents(List<KvEvent> batch) {
            assertThat(batch).isNotEmpty();
            events.addAll(batch);
          }
        };
    try (EngineFixture f = fixture(DEFAULTS, observer)) {
      for (int i = 0; i < 40; i++) {
        f.generate("r" + i, prompt(30, i), 3).await();
      }
      f.assertIdle();
      Set<BlockKey> offered = new HashSet<>();
      for (KvEvent event : events) {
        switch (event) {
          case KvEvent.Stored stored -> assertThat(offered.add(stored.key())).isTrue();
          case KvEvent.Removed removed -> assertThat(offered.remove(removed.key())).isTrue();
          case KvEvent.Cleared _ -> offered.clear();
        }
      }
      assertThat(offered).hasSize(f.engine.status().cachedBlocks());
      assertThat(events).hasAtLeastOneElementOfType(KvEvent.Removed.class);
    }
  }

  @Test
  void aPromptOfFullBlocksIsComputedButForItsLastToken() {
    Counts counts = new Counts();
    try (EngineFixture f = fixture(DEFAULTS, counts)) {
      Recorder first = f.generate("a", prompt(5 * BLOCK, 1), 10).await();
      Recorder second = f.generate("b", prompt(5 * BLOCK, 1), 10).await();
      assertThat(second.ids()).isEqualTo(first.ids());
      assertThat(second.stats().cachedTokens()).isEqualTo(5 * BLOCK - 1);
      f.assertIdle();
    }
    assertThat(counts.all()).containsExactly(20 + 1, 19, 40, 19);
  }

  @Test
  void aConversationGoesOnFromItsLastAnswer() {
    try (EngineFixture f = fixture(DEFAULTS, EngineObserver.NONE);
        EngineFixture alone = fixture(OFF, EngineObserver.NONE)) {
      int[] question = prompt(13, 1);
      List<Integer> answer = f.generate("a", question, 12).await().ids();
      int[] goesOn =
          IntStream.concat(
                  IntStream.concat(
                      IntStream.of(question), answer.stream().mapToInt(Integer::intValue)),
                  IntStream.of(prompt(6, 2)))
              .toArray();
      Recorder next = f.generate("b", goesOn, 12).await();
      assertThat(next.stats().cachedTokens())
          .as("24 have their KV, the 25th never got one")
          .isEqualTo(24);
      assertThat(next.ids()).isEqualTo(alone.generate("x", goesOn, 12).await().ids());
    }
  }

  @Test
  void resumedTokensAreNotCountedAsPrompt() {
    try (EngineFixture f = fixture(DEFAULTS, EngineObserver.NONE)) {
      int[] question = prompt(9, 1);
      List<Integer> answer = f.generate("a", question, 12).await().ids();
      int[] tokens =
          IntStream.concat(IntStream.of(question), answer.stream().limit(8).mapToInt(i -> i))
              .toArray();
      Recorder resumed =
          f.generate("b", new PromptTokens(tokens, 8), SamplingParams.GREEDY, stop(12), false)
              .await();
      assertThat(resumed.ids()).isEqualTo(answer.subList(8, 12));
      assertThat(resumed.stats().cachedTokens()).isEqualTo(9);
    }
  }

  @Test
  void aPrefillThatFindsItsPromptStillHandsAllOfItOn() {
    try (EngineFixture f = fixture(DEFAULTS, EngineObserver.NONE)) {
      PromptTokens tokens = PromptTokens.of(prompt(30, 1));
      PrefillRecorder first = prefill(f, "a", tokens);
      PrefillRecorder second = prefill(f, "b", tokens);
      assertThat(second.await()).isEqualTo(first.await());
      assertThat(text(second)).isEqualTo(text(first));
      assertThat(second.runs.stream().mapToInt(PrefillRecorder.Run::tokens).sum()).isEqualTo(30);
      f.assertIdle();
    }
  }

  @Test
  void switchedOffNothingIsKeptOrCounted() {
    Counts counts = new Counts();
    try (EngineFixture f = fixture(OFF, counts)) {
      List<Integer> first = f.generate("a", prompt(21, 1), 10).await().ids();
      Recorder second = f.generate("b", prompt(21, 1), 10).await();
      assertThat(second.ids()).isEqualTo(first);
      assertThat(second.stats().cachedTokens()).isZero();
      f.assertIdle();
      assertThat(f.engine.status().cachedBlocks()).isZero();
    }
    assertThat(counts.all()).containsExactly(42, 0, 0, 0);
  }

  private static PrefillRecorder prefill(EngineFixture f, String id, PromptTokens tokens) {
    PrefillRecorder job = new PrefillRecorder();
    f.engine.prefill(
        new PrefillJob(new Attempt(id, 1), tokens, SamplingParams.GREEDY, stop(5)), job);
    job.await();
    return job;
  }

  /** All KV that was handed over, in order of position, whatever the runs were. */
  private static List<String> text(PrefillRecorder job) {
    return job.runs.stream()
        .map(
            run ->
                run.firstToken()
                    + ": "
                    + java.util.HexFormat.of()
                        .formatHex(run.kv().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)))
        .toList();
  }
}
