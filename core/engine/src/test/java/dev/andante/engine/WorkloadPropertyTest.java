package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.ROOMY;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.fake.UnreliableDrafts;
import dev.andante.engine.kvcache.KvTier;
import dev.andante.engine.kvcache.PrefixCachePolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * Whatever else goes on in the engine, and whoever goes first, each request gets the tokens that it
 * would get alone, and in the end every block is free. Requests share beginnings, with each other
 * and with answers, so that most of them find some of their KV in the prefix cache.
 */
class WorkloadPropertyTest {

  private static final AtomicInteger PREEMPTIONS = new AtomicInteger();
  private static final AtomicInteger ACCEPTED = new AtomicInteger();
  private static final AtomicInteger CACHED = new AtomicInteger();
  private static final AtomicInteger LOADED = new AtomicInteger();
  private static final AtomicInteger SWAPPED = new AtomicInteger();

  private static final AtomicInteger CUTS = new AtomicInteger();
  private static final AtomicInteger DEMOTIONS = new AtomicInteger();
  private static final AtomicInteger PROMOTIONS = new AtomicInteger();

  private static final KvTierObserver COUNTING_TIERS =
      new KvTierObserver() {
        @Override
        public void onLoaded(KvTier tier, int blocks, long bytes, long nanos) {
          LOADED.addAndGet(blocks);
        }
      };

  private static final EngineObserver COUNTING =
      new EngineObserver() {
        @Override
        public void onPreemption() {
          PREEMPTIONS.incrementAndGet();
        }

        @Override
        public void onPrefixLookup(int tokens, int cached) {
          assertThat(cached).isBetween(0, tokens - 1);
          CACHED.addAndGet(cached);
        }

        @Override
        public void onDraft(int drafted, int accepted) {
          assertThat(accepted).isBetween(0, drafted);
          ACCEPTED.addAndGet(accepted);
        }

        @Override
        public void onResumed(Resumption how) {
          SWAPPED.addAndGet(how == Resumption.SWAPPED ? 1 : 0);
        }

        @Override
        public KvTierObserver kvTiers() {
          return COUNTING_TIERS;
        }

        @Override
        public void onStepCut() {
          CUTS.incrementAndGet();
        }

        @Override
        public void onDemotion() {
          DEMOTIONS.incrementAndGet();
        }

        @Override
        public void onPromotion() {
          PROMOTIONS.incrementAndGet();
        }
      };

  /** One request of the workload and what it gets alone. */
  private record Case(GenerationRequest request, List<Integer> alone, FinishReason reason) {}

  @Property(tries = 80, shrinking = ShrinkingMode.OFF)
  void everyRequestGetsWhatItWouldGetAlone(@ForAll long seed) {
    Random random = new Random(seed);
    Set<Integer> ends = Set.of(random.nextInt(FakeModel.VOCABULARY));
    List<Case> cases = alone(random, ends);
    UnreliableDrafts drafts = new UnreliableDrafts(seed);
    for (Case one : cases) {
      Attempt attempt = one.request().attempt();
      drafts.expect(
          attempt.requestId() + "/" + attempt.epoch(),
          IntStream.concat(
                  IntStream.of(one.request().prompt().ids()),
                  one.alone().stream().mapToInt(Integer::intValue))
              .toArray());
    }
    int blockSize = 1 + random.nextInt(5);
    int blocks = (50 + blockSize - 1) / blockSize + random.nextInt(20);
    boolean sharing = random.nextInt(5) > 0;
    EngineConfig config =
        DEFAULTS.toBuilder()
            .blockSize(blockSize)
            .blocks(blocks)
            .maxBatchTokens(1 + random.nextInt(24))
            .maxSequences(1 + random.nextInt(8))
            .maxWaiting(100)
            .maxDraftTokens(random.nextInt(6))
            .prefixCache(sharing)
            .prefixCachePolicy(eviction(random))
            .scheduling(scheduling(random))
            .tiers(sharing ? tiers(random, blockSize) : TierLimits.NONE)
            .build();
    try (EngineFixture f = new EngineFixture(config, drafts, FakeModel::new, COUNTING, ends)) {
      f.clock.tick(Duration.ofNanos(100_000));
      List<Recorder> answers = new ArrayList<>();
      List<Integer> aborted = new ArrayList<>();
      List<PrefillRecorder> jobs = new ArrayList<>();
      for (int i = 0; i < cases.size(); i++) {
        answers.add(f.generate(cases.get(i).request(), new Recorder(1 + random.nextInt(6))));
        switch (random.nextInt(6)) {
          case 0 -> answers.get(random.nextInt(i + 1)).awaitTokens();
          case 1 -> {
            int victim = random.nextInt(i + 1);
            aborted.add(victim);
            f.engine.abort(cases.get(victim).request().attempt());
          }
          case 2 -> {
            GenerationRequest same = cases.get(i).request();
            PrefillRecorder job = new PrefillRecorder();
            jobs.add(job);
            f.engine.prefill(
                new PrefillJob(same.attempt(), same.prompt(), same.sampling(), same.stop()), job);
          }
          case 3 -> f.checkIntegrity();
          default -> {}
        }
      }
      for (int i = 0; i < cases.size(); i++) {
        Recorder answer = answers.get(i).await();
        Case expected = cases.get(i);
        assertThat(answer.failure()).isNull();
        if (aborted.contains(i) && answer.reason() == FinishReason.ABORTED) {
          assertThat(answer.ids()).isEqualTo(expected.alone().subList(0, answer.ids().size()));
        } else {
          assertThat(answer.ids()).as("request %s", i).isEqualTo(expected.alone());
          assertThat(answer.reason()).isEqualTo(expected.reason());
        }
      }
      for (PrefillRecorder job : jobs) {
        job.done.exceptionally(aborts -> null).join();
      }
      f.assertIdle();
    }
  }

  /** A host tier of some blocks, or none. */
  private static TierLimits tiers(Random random, int blockSize) {
    long blockBytes = 64L * blockSize;
    return TierLimits.host(random.nextInt(40) * blockBytes);
  }

  private static PrefixCachePolicy eviction(Random random) {
    PrefixCachePolicy[] policies = PrefixCachePolicy.values();
    return policies[random.nextInt(policies.length)];
  }

  /** With times that the clock's ticks make short. */
  private static Scheduling scheduling(Random random) {
    Scheduling.Policy[] policies = Scheduling.Policy.values();
    return new Scheduling(
        policies[random.nextInt(policies.length)],
        Duration.ofMillis(5),
        Duration.ofMillis(1),
        2,
        1 + random.nextInt(5),
        random.nextBoolean() ? Duration.ZERO : Duration.ofNanos(1),
        1 + random.nextInt(8));
  }

  /** The requests and their answers, one after the other in a roomy engine without drafts. */
  private static List<Case> alone(Random random, Set<Integer> ends) {
    List<Case> cases = new ArrayList<>();
    try (EngineFixture f =
        new EngineFixture(ROOMY, DraftSource.NONE, FakeModel::new, EngineObserver.NONE, ends)) {
      int count = 4 + random.nextInt(10);
      for (int i = 0; i < count; i++) {
        int length = 1 + random.nextInt(30);
        int most = 1 + random.nextInt(49 - length);
        SamplingParams sampling =
            random.nextBoolean() ? SamplingParams.GREEDY : EngineFixture.seeded(random.nextLong());
        StopParams stop =
            new StopParams(most, random.nextInt(most + 1) / 2, random.nextBoolean(), Set.of());
        // Many begin like another one, or like another one's answer.
        int[] tokens = prompt(length, random.nextInt());
        if (!cases.isEmpty() && random.nextInt(4) > 0) {
          Case other = cases.get(random.nextInt(cases.size()));
          int[] text =
              IntStream.concat(
                      IntStream.of(other.request().prompt().ids()),
                      other.alone().stream().mapToInt(Integer::intValue))
                  .toArray();
          int same = random.nextInt(Math.min(length, text.length) + 1);
          System.arraycopy(text, 0, tokens, 0, same);
        }
        GenerationRequest request =
            new GenerationRequest(
                new Attempt("r" + i, 1),
                PromptTokens.of(tokens),
                sampling,
                stop,
                StopMatcher.NONE,
                random.nextInt(4) > 0,
                Engine.NO_LIMIT,
                random.nextInt(3) - 1,
                Reader.UNKNOWN);
        Recorder answer = f.generate(request, new Recorder()).await();
        assertThat(answer.failure()).isNull();
        cases.add(new Case(request, answer.ids(), answer.reason()));
      }
    }
    return cases;
  }

  @AfterContainer
  static void theWorkloadWasWorthIt() {
    assertThat(PREEMPTIONS.get()).as("preemptions").isPositive();
    assertThat(ACCEPTED.get()).as("accepted drafts").isPositive();
    assertThat(CUTS.get()).as("steps cut by the token interval").isPositive();
    assertThat(DEMOTIONS.get()).as("demotions").isPositive();
    assertThat(PROMOTIONS.get()).as("promotions").isPositive();
    assertThat(LOADED.get()).as("blocks loaded from the host tier").isPositive();
    assertThat(SWAPPED.get()).as("preempted requests that came back from it").isPositive();
    assertThat(CACHED.get()).as("tokens found in the prefix cache").isPositive();
  }
}
