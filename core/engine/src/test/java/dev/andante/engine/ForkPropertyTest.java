package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.ROOMY;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineException.Code;
import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.ListeningTo;
import dev.andante.engine.fake.Recorder;
import dev.andante.engine.speculative.PromptLookupDrafts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * Whenever an answer is forked, and at whichever token, each branch gets the tokens of a request
 * that begins with its tokens and runs alone; whoever is aborted, the others lose nothing, and in
 * the end every block is free.
 */
class ForkPropertyTest {

  private static final AtomicInteger SHARED = new AtomicInteger();
  private static final AtomicInteger PREEMPTIONS = new AtomicInteger();
  private static final AtomicInteger TOO_LATE = new AtomicInteger();

  private static final EngineObserver COUNTING =
      new EngineObserver() {
        @Override
        public void onPromptTokens(int computed, int cached, int transferred) {
          SHARED.addAndGet(cached);
        }

        @Override
        public void onPreemption() {
          PREEMPTIONS.incrementAndGet();
        }
      };

  /**
   * @param after tokens of the first answer after which it begins
   * @param request that it equals
   */
  private record Branch(
      int after,
      GenerationRequest request,
      boolean aborted,
      List<Integer> alone,
      Recorder recorder) {}

  @Property(tries = 80, shrinking = ShrinkingMode.OFF)
  void everyBranchGetsWhatItWouldGetAlone(@ForAll long seed) {
    Random random = new Random(seed);
    int length = 1 + random.nextInt(20);
    int most = 1 + random.nextInt(20);
    GenerationRequest trunk =
        EngineFixture.request(
            new Attempt("trunk", 1),
            PromptTokens.of(prompt(length, random.nextInt())),
            sampling(random),
            stop(most),
            random.nextBoolean());
    List<Branch> branches = new ArrayList<>();
    List<Integer> answer = grow(random, trunk, branches);
    int blockSize = 1 + random.nextInt(5);
    int blocks = (50 + blockSize - 1) / blockSize + random.nextInt(20);
    EngineConfig config =
        DEFAULTS.toBuilder()
            .blockSize(blockSize)
            .blocks(blocks)
            .maxBatchTokens(1 + random.nextInt(24))
            .maxSequences(1 + random.nextInt(8))
            .maxWaiting(100)
            .maxDraftTokens(random.nextInt(4))
            .prefixCache(random.nextBoolean())
            .build();
    try (EngineFixture f =
        new EngineFixture(config, new PromptLookupDrafts(), FakeModel::new, COUNTING, Set.of())) {
      Recorder recorder = new Recorder();
      List<Branch> begun = new ArrayList<>();
      List<CompletableFuture<Void>> checks = new CopyOnWriteArrayList<>();
      f.engine.generate(
          trunk,
          new ListeningTo(
              recorder,
              tokens -> {
                for (Branch branch : branches) {
                  if (tokens >= branch.after() && !begun.contains(branch)) {
                    begun.add(branch);
                    checks.add(begin(f, branch));
                  }
                }
              }));
      assertThat(recorder.await().ids()).isEqualTo(answer);
      for (Branch branch : branches) {
        Recorder there = branch.recorder().await();
        if (there.code() == Code.UNKNOWN_REQUEST) {
          TOO_LATE.incrementAndGet(); // it was to begin with the last token
          assertThat(branch.after()).isGreaterThan(0);
        } else if (there.reason() == FinishReason.ABORTED) {
          assertThat(branch.aborted()).isTrue();
          assertThat(there.ids()).isEqualTo(branch.alone().subList(0, there.ids().size()));
        } else {
          assertThat(there.failure()).isNull();
          assertThat(there.ids()).as("branch %s", branch).isEqualTo(branch.alone());
        }
      }
      checks.forEach(EngineFixture::get);
      f.assertIdle();
    }
  }

  /** Looks for inconsistencies when it has begun. */
  private static CompletableFuture<Void> begin(EngineFixture f, Branch branch) {
    GenerationRequest request = branch.request();
    f.engine.fork(
        new ForkRequest(
            request.attempt(),
            new Attempt("trunk", 1),
            request.prompt().ids().length,
            request.sampling(),
            request.stop(),
            StopMatcher.NONE,
            request.speculate()),
        new ListeningTo(
            branch.recorder(),
            tokens -> {
              if (branch.aborted() && tokens >= 2) {
                f.engine.abort(request.attempt());
              }
            }));
    return f.engine.checkIntegrity();
  }

  /** The answer of the trunk alone; adds branches and theirs. */
  private static List<Integer> grow(Random random, GenerationRequest trunk, List<Branch> branches) {
    try (EngineFixture f = new EngineFixture(ROOMY, DraftSource.NONE)) {
      List<Integer> answer = f.generate(trunk, new Recorder()).await().ids();
      int length = trunk.prompt().ids().length;
      int[] text =
          IntStream.concat(
                  IntStream.of(trunk.prompt().ids()), answer.stream().mapToInt(Integer::intValue))
              .toArray();
      int count = 1 + random.nextInt(6);
      for (int i = 0; i < count; i++) {
        int after = 1 + random.nextInt(answer.size());
        int tokens = random.nextBoolean() ? length : 1 + random.nextInt(length + after);
        int generated = Math.max(0, tokens - length);
        GenerationRequest request =
            EngineFixture.request(
                new Attempt("b" + i, 1),
                new PromptTokens(Arrays.copyOf(text, tokens), generated),
                sampling(random),
                stop(generated + 1 + random.nextInt(49 - tokens)),
                random.nextBoolean());
        List<Integer> alone = f.generate(request, new Recorder()).await().ids();
        branches.add(new Branch(after, request, random.nextInt(4) == 0, alone, new Recorder()));
      }
      return answer;
    }
  }

  private static SamplingParams sampling(Random random) {
    return random.nextBoolean() ? SamplingParams.GREEDY : EngineFixture.seeded(random.nextLong());
  }

  @AfterContainer
  static void theWorkloadWasWorthIt() {
    assertThat(SHARED.get()).as("tokens that were shared").isPositive();
    assertThat(PREEMPTIONS.get()).as("preemptions").isPositive();
    assertThat(TOO_LATE.get()).as("branches that came too late").isPositive();
  }
}
