package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.gateway.TestModel;
import dev.andante.gateway.config.GatewayProperties.CircuitBreaking;
import dev.andante.gateway.config.GatewayProperties.RetryBudget;
import dev.andante.gateway.error.ApiException;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.TransferCost;
import dev.andante.protocol.v1.WorkerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

class PlacerTest {

  private final WorkerRegistry registry =
      new WorkerRegistry(Duration.ofSeconds(60), WorkerLimits.DEFAULT);
  private final Random random = new Random(7);
  private ServedModel model;

  @BeforeEach
  void start() {
    registry.replace(WorkerKind.DECODE, Set.of("d1:1", "d2:1"));
    registry.replace(WorkerKind.PREFILL, Set.of("p1:1", "p2:1"));
    ModelInfo info = TestModel.info("m", true);
    model = ServedModel.of(info, Instant.EPOCH);
    registry.catalog().add(model);
  }

  @AfterEach
  void stop() {
    registry.close();
  }

  private Worker worker(String target) {
    return registry.workers().stream()
        .filter(w -> w.target().equals(target))
        .findFirst()
        .orElseThrow();
  }

  private static WorkerStatus.Builder ready() {
    return WorkerStatus.newBuilder().setReady(true).setFreeBlocks(10).setBlockSize(16);
  }

  private void says(String target, WorkerStatus.Builder status) {
    says(target, status, model.fingerprint());
  }

  private void says(String target, WorkerStatus.Builder status, String fingerprint) {
    worker(target)
        .report(
            new Worker.Report(status.setInstance(target).build(), fingerprint, System.nanoTime()));
  }

  private Placer placer(int localPromptTokens) {
    return new Placer(registry, localPromptTokens, true, random::nextInt);
  }

  private Placement place(int promptTokens, String... tried) {
    Tried failed = new Tried();
    for (String target : tried) {
      failed.refused(worker(target));
    }
    return placer(8).place(model, Wanted.of(promptTokens), failed, false);
  }

  private void breaks(String target) {
    for (int i = 0; i < CircuitBreaking.DEFAULT.minimumCalls(); i++) {
      worker(target)
          .guard()
          .over(Flux.error(new IllegalStateException("broken")), _ -> true)
          .subscribe(_ -> {}, _ -> {});
    }
  }

  @Test
  void whoseCallsFailGetsNoneUnlessMostDo() {
    registry.replace(WorkerKind.DECODE, Set.of("d1:1", "d2:1", "d3:1"));
    says("d1:1", ready());
    says("d2:1", ready().setRunning(3));
    says("d3:1", ready().setRunning(5));
    says("p1:1", ready());
    says("p2:1", ready().setQueuedPromptTokens(500));
    assertThat(place(100).decode().target()).isEqualTo("d1:1");
    breaks("d1:1");
    breaks("p1:1");
    assertThat(place(100).decode().target()).isEqualTo("d2:1");
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
    breaks("d2:1");
    breaks("p2:1");
    assertThat(place(100).decode().target()).as("most fail: all are asked").isEqualTo("d1:1");
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p1:1");
  }

  /** The one that works was just lost for this request, so it is the other that is left. */
  @Test
  void whoFailsIsBetterThanNobody() {
    says("d1:1", ready());
    says("d2:1", ready());
    breaks("d1:1");
    Tried tried = new Tried();
    tried.lost(worker("d2:1"));
    assertThat(placer(8).place(model, Wanted.of(8), tried, false).decode().target())
        .isEqualTo("d1:1");
    assertThat(placer(8).elsewhere(model, 8, worker("d2:1"), new Tried())).contains(worker("d1:1"));
  }

  @Test
  void whoHasAsManyCallsAsItMayGetsNoMore() {
    registry.close();
    CircuitBreaking one =
        new CircuitBreaking(50, 20, 5, Duration.ofSeconds(5), Duration.ofSeconds(60), 3, 1);
    WorkerRegistry narrow =
        new WorkerRegistry(Duration.ofSeconds(60), new WorkerLimits(one, RetryBudget.DEFAULT));
    narrow.replace(WorkerKind.DECODE, Set.of("d1:1", "d2:1"));
    narrow.catalog().add(model);
    narrow
        .workers()
        .forEach(
            worker ->
                worker.report(
                    new Worker.Report(
                        ready().setRunning(worker.target().equals("d1:1") ? 0 : 5).build(),
                        model.fingerprint(),
                        System.nanoTime())));
    Placer placer = new Placer(narrow, 8, true, random::nextInt);
    Worker first = placer.place(model, Wanted.of(8), new Tried(), false).decode();
    assertThat(first.target()).isEqualTo("d1:1");
    first.guard().over(Flux.never(), _ -> true).subscribe();
    Worker second = placer.place(model, Wanted.of(8), new Tried(), false).decode();
    assertThat(second.target()).isEqualTo("d2:1");
    narrow.close();
  }

  @Test
  void theShortestQueuesWin() {
    says("d1:1", ready().setRunning(2));
    says("d2:1", ready().setRunning(1).setWaiting(2));
    says("p1:1", ready().setQueuedPromptTokens(500));
    says("p2:1", ready().setQueuedPromptTokens(20));
    assertThat(place(100).decode().target()).isEqualTo("d1:1");
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
  }

  private void holds(String target, int[] prompt, int blocks) {
    KeptPrefix.told(worker(target), model, prompt, blocks);
  }

  private String prefillOf(int[] prompt) {
    Wanted wanted = Wanted.of(model, prompt, List.of());
    return placer(8).place(model, wanted, new Tried(), false).prefill().orElseThrow().target();
  }

  @Test
  void whatIsThereNeedNotBeComputed() {
    int[] prompt = new Random(3).ints(1000, 0, 100).toArray();
    for (String target : Set.of("d1:1", "d2:1", "p1:1", "p2:1")) {
      says(target, ready());
    }
    assertThat(prefillOf(prompt)).isEqualTo("p1:1");
    holds("p2:1", prompt, 30);
    assertThat(prefillOf(prompt)).isEqualTo("p2:1");
    says("p2:1", ready().setQueuedPromptTokens(479));
    assertThat(prefillOf(prompt)).isEqualTo("p2:1");
    says("p2:1", ready().setQueuedPromptTokens(481));
    assertThat(prefillOf(prompt)).as("the rest is sooner elsewhere").isEqualTo("p1:1");
    int[] another = prompt.clone();
    another[0]++;
    says("p2:1", ready());
    assertThat(prefillOf(another)).as("it begins otherwise").isEqualTo("p1:1");
  }

  @Test
  void stepsAreWeighedByWhatIsLeftToCompute() {
    int[] prompt = new Random(3).ints(1000, 0, 100).toArray();
    says("d1:1", ready());
    says("p1:1", ready().setStepCost(steps(1e-3, 1e-4)));
    says("p2:1", ready().setStepCost(steps(1e-3, 4e-4)));
    assertThat(prefillOf(prompt)).isEqualTo("p1:1");
    holds("p2:1", prompt, 62);
    assertThat(prefillOf(prompt)).as("slower, with next to nothing to do").isEqualTo("p2:1");
  }

  @Test
  void ofManyWhoHasMostOfThePromptIsComparedToo() {
    Set<String> many =
        IntStream.range(0, 100).mapToObj(i -> "w" + i + ":1").collect(Collectors.toSet());
    registry.replace(WorkerKind.PREFILL, many);
    says("d1:1", ready());
    many.forEach(target -> says(target, ready()));
    int[] prompt = new Random(3).ints(100, 0, 100).toArray();
    holds("w42:1", prompt, 6);
    for (int i = 0; i < 10; i++) {
      assertThat(prefillOf(prompt)).isEqualTo("w42:1");
    }
  }

  @Test
  void whatWasSentSinceTheLastStatusCounts() {
    for (String target : Set.of("d1:1", "d2:1", "p1:1", "p2:1")) {
      says(target, ready());
    }
    worker("d1:1").begin(1);
    worker("p1:1").begin(100);
    assertThat(place(100).decode().target()).isEqualTo("d2:1");
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
    worker("p1:1").end(100);
    worker("p2:1").begin(1);
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p1:1");
  }

  private static WorkerStatus.Builder handsOn(double base, double perToken, long samples) {
    return ready()
        .setStepCost(steps(1e-3, 1e-4))
        .setTransferCost(
            TransferCost.newBuilder()
                .setBaseSeconds(base)
                .setPerTokenSeconds(perToken)
                .setSamples(samples));
  }

  @Test
  void decodeComputesWhatIsNotWorthHandingOn() {
    says("d1:1", ready().setStepCost(steps(1e-3, 1e-4)));
    says("p1:1", handsOn(5e-3, 1e-6, 9));
    Placement small = place(30);
    assertThat(small.prefill()).as("4 ms here, 4 + 5 ms there").isEmpty();
    PathEstimates estimates = small.estimates().orElseThrow();
    assertThat(estimates.prefillSeconds()).isCloseTo(9e-3, within(1e-4));
    assertThat(estimates.localSeconds()).isCloseTo(4e-3, within(1e-4));
    assertThat(place(3000).prefill()).as("what it adds is next to nothing").isPresent();
    says("p1:1", handsOn(5e-3, 1e-3, 9));
    assertThat(place(3000).prefill()).as("a slow link").isEmpty();
    Placement off =
        new Placer(registry, 0, false, random::nextInt)
            .place(model, Wanted.of(3000), new Tried(), false);
    assertThat(off.prefill()).as("switched off").isPresent();
    assertThat(off.estimates()).as("and told all the same").isPresent();
  }

  @Test
  void answersThatRunOnDecodeWeighOnItsSide() {
    says("d1:1", ready().setStepCost(steps(1e-3, 1e-4)).setRunning(2));
    says("p1:1", handsOn(5e-3, 1e-6, 9));
    assertThat(place(30).prefill()).as("3 ms for each of the two, too").isPresent();
    assertThat(place(10).prefill()).isEmpty();
  }

  @Test
  void withoutKnowledgeItIsHandedOn() {
    says("d1:1", ready().setStepCost(steps(1e-3, 1e-4)));
    says("p1:1", handsOn(10, 1, PathEstimates.LEAST_HAND_OFFS - 1));
    assertThat(place(30).prefill()).isPresent();
    says("p1:1", handsOn(Double.NaN, 1, 9));
    assertThat(place(30).prefill()).isPresent();
    says("p1:1", handsOn(10, 1, 9));
    says("d1:1", ready());
    assertThat(place(30).prefill()).isPresent();
    assertThat(place(30).estimates()).isEmpty();
  }

  /** Of a worker whose steps take so long. */
  private static StepCost.Builder steps(double base, double perRow) {
    return StepCost.newBuilder()
        .setBaseSeconds(base)
        .setPerRowSeconds(perRow)
        .setPerPairSeconds(1e-8)
        .setSamples(100)
        .setMaxBatchTokens(256);
  }

  @Test
  void prefillGoesWhereTheFirstTokenComesSoonest() {
    says("d1:1", ready());
    says("p1:1", ready().setQueuedPromptTokens(500).setStepCost(steps(1e-3, 1e-4)));
    says("p2:1", ready().setQueuedPromptTokens(200).setStepCost(steps(1e-3, 1e-3)));
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p1:1");
    worker("p1:1").begin(5000);
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
    worker("p1:1").end(5000);
    assertThat(place(100, "p1:1").prefill().orElseThrow().target()).isEqualTo("p2:1");
  }

  @Test
  void whereOneHasLearntTooLittleTheShortestQueueWins() {
    says("d1:1", ready());
    says("p1:1", ready().setQueuedPromptTokens(500).setStepCost(steps(1e-3, 1e-4)));
    says("p2:1", ready().setQueuedPromptTokens(200).setStepCost(steps(1e-3, 1e-3).setSamples(9)));
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
    says("p2:1", ready().setQueuedPromptTokens(200));
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
    says(
        "p2:1",
        ready().setQueuedPromptTokens(200).setStepCost(steps(Double.NaN, -1).setSamples(100)));
    assertThat(place(100).prefill().orElseThrow().target()).isEqualTo("p2:1");
  }

  @Test
  void decodeGoesWhereTokensFollowSoonest() {
    says("d1:1", ready().setRunning(5).setStepCost(steps(5e-3, 1e-4)));
    says("d2:1", ready().setRunning(1).setStepCost(steps(2e-2, 1e-4)));
    assertThat(place(20).decode().target()).isEqualTo("d1:1");
    assertThat(place(20, "d1:1").decode().target()).isEqualTo("d2:1");
    // Room comes first, predicted or not.
    says("d1:1", ready().setFreeBlocks(1).setStepCost(steps(5e-3, 1e-4)));
    assertThat(place(20).decode().target()).isEqualTo("d2:1");
  }

  /** A fit that says 2 % less must not draw all answers to one of two equal workers. */
  @Test
  void amongNearlyEqualDecodersTheFewestAnswersWin() {
    says("d1:1", ready().setRunning(3).setStepCost(steps(1e-2, 0)));
    says("d2:1", ready().setRunning(2).setStepCost(steps(1.02e-2, 0)));
    assertThat(place(20).decode().target()).isEqualTo("d2:1");
  }

  @Test
  void ofManyWorkersTheBetterOfTwoDrawnWins() {
    Set<String> many =
        IntStream.range(0, 30).mapToObj(i -> "p%02d:1".formatted(i)).collect(Collectors.toSet());
    registry.replace(WorkerKind.PREFILL, many);
    says("d1:1", ready());
    for (String target : many) {
      long queued = Integer.parseInt(target.substring(1, 3));
      says(target, ready().setQueuedPromptTokens(queued));
    }
    Set<String> chosen = new HashSet<>();
    for (int i = 0; i < 2000; i++) {
      chosen.add(place(100).prefill().orElseThrow().target());
    }
    assertThat(chosen).as("only the worst loses against all others").hasSize(29);
    assertThat(chosen).doesNotContain("p29:1");
    assertThat(place(100, many.toArray(String[]::new)).prefill()).isPresent();
  }

  @Test
  void roomForThePromptComesBeforeLoad() {
    says("d1:1", ready().setFreeBlocks(2));
    says("d2:1", ready().setRunning(9));
    assertThat(place(100).decode().target()).isEqualTo("d2:1");
    assertThat(place(20).decode().target()).isEqualTo("d1:1");
  }

  @Test
  void thoseThatFailedComeLastButAreNotExcluded() {
    says("d1:1", ready());
    says("d2:1", ready().setRunning(9));
    assertThat(place(20, "d1:1").decode().target()).isEqualTo("d2:1");
    assertThat(place(20, "d1:1", "d2:1").decode().target()).isEqualTo("d1:1");
  }

  @Test
  void aLostDecodeMustBeHeardOfFirst() {
    says("d1:1", ready());
    says("d2:1", ready().setRunning(9));
    Tried tried = new Tried();
    tried.lost(worker("d1:1"));
    assertThat(placer(8).place(model, Wanted.of(20), tried, false).decode().target())
        .isEqualTo("d2:1");
    tried.lost(worker("d2:1"));
    assertThatThrownBy(() -> placer(8).place(model, Wanted.of(20), tried, false))
        .isInstanceOf(ApiException.class);
    says("d1:1", ready());
    assertThat(placer(8).place(model, Wanted.of(20), tried, false).decode().target())
        .isEqualTo("d1:1");
  }

  @Test
  void shortPromptsAndMissingPrefillWorkersMeanLocal() {
    says("d1:1", ready());
    assertThat(place(100).prefill()).isEmpty();
    says("p1:1", ready());
    assertThat(place(100).prefill()).isPresent();
    assertThat(place(8).prefill()).isEmpty();
    assertThat(placer(0).place(model, Wanted.of(100), new Tried(), true).prefill()).isEmpty();
  }

  @Test
  void onlyReadyFreshOnesOfTheSameModelCount() {
    says("d1:1", ready().setReady(false));
    says("d2:1", ready().setDraining(true));
    assertThatThrownBy(() -> place(20))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status()).isEqualTo(503));
    says("d1:1", ready(), "another model");
    assertThatThrownBy(() -> place(20)).isInstanceOf(ApiException.class);
    worker("d2:1")
        .report(
            new Worker.Report(
                ready().build(),
                model.fingerprint(),
                System.nanoTime() - Duration.ofSeconds(61).toNanos()));
    assertThatThrownBy(() -> place(20)).isInstanceOf(ApiException.class);
    assertThat(registry.models()).isEmpty();
    assertThat(registry.notReadyReason()).isPresent();
  }

  @Test
  void discoveryReplacesTheList() {
    Worker kept = worker("d1:1");
    registry.replace(WorkerKind.DECODE, Set.of("d1:1", "d3:1"));
    assertThat(worker("d1:1")).isSameAs(kept);
    assertThat(registry.workers().stream().map(Worker::target))
        .containsExactlyInAnyOrder("d1:1", "d3:1", "p1:1", "p2:1");
  }

  @Test
  void kvGoesWhereTheWorkerSays() {
    assertThat(worker("d1:1").kvTarget()).isEqualTo("d1:1");
    says("d1:1", ready().setKvAddress("other:7"));
    assertThat(worker("d1:1").kvTarget()).isEqualTo("other:7");
  }

  @Test
  void atStartPrefillIsWaitedForButOnlyThen() {
    says("d1:1", ready());
    assertThat(registry.notReadyReason())
        .hasValueSatisfying(r -> assertThat(r).contains("prefill"));
    says("p1:1", ready());
    assertThat(registry.notReadyReason()).isEmpty();
    says("p1:1", ready().setReady(false));
    assertThat(registry.notReadyReason()).isEmpty();
  }

  @Test
  void ofSeveralVersionsTheNewestIsServed() {
    says("d1:1", ready());
    ModelInfo newer =
        TestModel.info("m", true).toBuilder().setFingerprint("newer").setChatTemplate("").build();
    registry.catalog().add(ServedModel.of(newer, Instant.EPOCH.plusSeconds(1)));
    assertThat(registry.model("m").orElseThrow().fingerprint()).isEqualTo(model.fingerprint());
    says("d2:1", ready(), "newer");
    assertThat(registry.model("m").orElseThrow().fingerprint()).isEqualTo("newer");
    assertThat(registry.models()).hasSize(2);
    assertThat(registry.known("m")).isTrue();
    assertThat(registry.known("other")).isFalse();
  }
}
