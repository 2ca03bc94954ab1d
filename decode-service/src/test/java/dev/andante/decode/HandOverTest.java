package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.Attempt;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.SamplingParams;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.KvFrame.FrameCase;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.service.grpc.Failures;
import dev.andante.service.state.ServiceState;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that go on on another decode worker, with their KV. */
@Tag("slow")
class HandOverTest {

  private static final int TOKENS = 300;
  private static final List<Integer> PROMPT = Calls.prompt(40, 3);

  private Worker from;
  private Worker to;

  @BeforeEach
  void start() {
    from = Worker.decode("--andante.engine.kv-memory=2MB", "--andante.drain.timeout=60s");
    to = Worker.decode("--andante.engine.kv-memory=2MB");
  }

  @AfterEach
  void stop() {
    from.close();
    to.close();
  }

  private static DecodeRequest request(String id, SamplingParameters sampling) {
    return Calls.local(id, PROMPT, TOKENS).setSampling(sampling).build();
  }

  private static SamplingParameters sampling(boolean seeded) {
    return seeded
        ? SamplingParameters.newBuilder().setTemperature(1).setTopP(0.9f).setSeed(99).build()
        : SamplingParameters.getDefaultInstance();
  }

  private static double count(Worker worker, String outcome) {
    return worker
        .context()
        .getBean(PrometheusMeterRegistry.class)
        .get("andante_hand_overs")
        .tag("outcome", outcome)
        .counter()
        .count();
  }

  /** What came before, and what comes of the rest on the other worker. */
  private List<Integer> wholeAnswer(RunningAnswer begun) {
    KvMoved moved = begun.end().getMoved();
    assertThat(moved.getTokens()).isBetween(PROMPT.size(), PROMPT.size() + begun.tokens().size());
    List<Integer> whole = new ArrayList<>(begun.tokens());
    Calls.Answer rest = Calls.decode(to, begun.rest(moved, PROMPT));
    assertThat(rest.last().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    whole.addAll(rest.tokens());
    return whole;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theTextIsThatOfOneWorker(boolean seeded) {
    SamplingParameters sampling = sampling(seeded);
    List<Integer> alone = Calls.decode(to, request("alone", sampling)).tokens();
    EngineHold.slow(from, "slow");
    RunningAnswer begun = RunningAnswer.start(from, request("a", sampling)).awaitTokens(20);
    begun.handOver(1, to.address());
    assertThat(begun.tokens()).as("it was under way").hasSizeLessThan(TOKENS);
    assertThat(wholeAnswer(begun)).isEqualTo(alone);
    assertThat(count(from, "moved")).isEqualTo(1);
    to.awaitIdle();
    from.awaitIdle();
  }

  @Test
  void aDrainOffersWhatRunsAndEndsOnceItHasMoved() {
    List<Integer> alone = Calls.decode(to, request("alone", sampling(false))).tokens();
    EngineHold.slow(from, "slow");
    RunningAnswer begun = RunningAnswer.start(from, request("a", sampling(false))).awaitTokens(20);
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> from.context().close());
    Await.until(begun::offered, () -> "the answer is not offered");
    assertThat(from.context().getBean(ServiceState.class).draining()).isTrue();
    begun.handOver(1, to.address());
    assertThat(wholeAnswer(begun)).isEqualTo(alone);
    stopped.orTimeout(30, TimeUnit.SECONDS).join();
    to.awaitIdle();
  }

  @Test
  void aDrainOffersNothingWhereThatIsOff() {
    try (Worker quiet =
        Worker.decode("--andante.decode.hand-over=off", "--andante.drain.timeout=60s")) {
      RunningAnswer begun =
          RunningAnswer.start(quiet, request("a", sampling(false))).awaitTokens(1);
      quiet.context().close();
      assertThat(begun.end().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
      assertThat(begun.offered()).isFalse();
    }
  }

  @Test
  void whatTheOtherOneRefusesGoesOn() {
    List<Integer> alone = Calls.decode(to, request("alone", sampling(false))).tokens();
    try (Worker full = Worker.decode("--andante.engine.blocks=8")) {
      String hog =
          full.engine()
              .reserve(new Attempt("hog", 0), new PromptTokens(new int[100], 0))
              .orTimeout(10, TimeUnit.SECONDS)
              .join()
              .handle();
      EngineHold.slow(from, "slow");
      RunningAnswer begun =
          RunningAnswer.start(from, request("a", sampling(false))).awaitTokens(20);
      assertThatThrownBy(() -> begun.handOver(1, full.address()))
          .satisfies(e -> assertThat(Failures.from(e).getCode()).isEqualTo("saturated"));
      assertThat(begun.end().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
      assertThat(begun.tokens()).isEqualTo(alone);
      assertThat(count(from, "failed")).isEqualTo(1);
      assertThat(full.engine().release(hog).join()).isTrue();
      full.awaitIdle();
      from.awaitIdle();
    }
  }

  @Test
  void aReceiverThatDiesMidwayIsNoLoss() {
    List<Integer> alone = Calls.decode(to, request("alone", sampling(false))).tokens();
    try (DyingReceiver dying = new DyingReceiver(FrameCase.DATA)) {
      EngineHold.slow(from, "slow");
      RunningAnswer begun =
          RunningAnswer.start(from, request("a", sampling(false))).awaitTokens(20);
      assertThatThrownBy(() -> begun.handOver(1, dying.address()));
      assertThat(dying.isDead()).isTrue();
      assertThat(begun.end().getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
      assertThat(begun.tokens()).isEqualTo(alone);
      from.awaitIdle();
    }
  }

  /** Too late to go on here: the caller goes on elsewhere as after any loss. */
  @Test
  void aReceiverThatDiesAtTheEndFailsTheStream() {
    List<Integer> alone = Calls.decode(to, request("alone", sampling(false))).tokens();
    try (DyingReceiver dying = new DyingReceiver(FrameCase.COMMIT)) {
      EngineHold.slow(from, "slow");
      RunningAnswer begun =
          RunningAnswer.start(from, request("a", sampling(false))).awaitTokens(20);
      assertThatThrownBy(() -> begun.handOver(1, dying.address()));
      assertThatThrownBy(begun::end)
          .isInstanceOf(CompletionException.class)
          .satisfies(e -> assertThat(Failures.from(e.getCause()).getRetryable()).isTrue());
      List<Integer> known = begun.tokens();
      assertThat(known).isNotEmpty().isEqualTo(alone.subList(0, known.size()));
      from.awaitIdle();
      List<Integer> again = new ArrayList<>(PROMPT);
      again.addAll(known);
      DecodeRequest.Builder rest = request("a", sampling(false)).toBuilder();
      rest.getAttemptBuilder().setEpoch(2);
      rest.setLocal(LocalPrompt.newBuilder().addAllTokens(again).setGenerated(known.size()));
      assertThat(Calls.decode(to, rest.build()).tokens())
          .isEqualTo(alone.subList(known.size(), TOKENS));
    }
  }

  @Test
  void anAnswerThatEndsMeanwhileLeavesNothing() {
    CountDownLatch gate = new CountDownLatch(1);
    EngineHold.slow(from, "slow");
    RunningAnswer begun = RunningAnswer.start(from, request("a", sampling(false))).awaitTokens(20);
    EngineHold.submit(to, "holds-the-engine", SamplingParams.GREEDY, gate);
    CompletableFuture<Void> handOver =
        CompletableFuture.runAsync(
            () -> begun.handOver(1, to.address())); // granted once the engine goes on
    from.engine().abort(new Attempt("a", 0));
    TokenChunk last = begun.end();
    assertThat(last.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_ABORTED);
    gate.countDown();
    assertThatThrownBy(() -> handOver.orTimeout(20, TimeUnit.SECONDS).join())
        .isInstanceOf(CompletionException.class);
    to.awaitIdle();
    from.awaitIdle();
  }

  @Test
  void onlyWhatIsAnsweredCanBeHandedOver() {
    RunningAnswer begun = RunningAnswer.start(from, request("a", sampling(false)));
    begun.end();
    assertThatThrownBy(() -> begun.handOver(1, to.address()))
        .satisfies(e -> assertThat(Failures.from(e).getCode()).isEqualTo("unknown_request"));
    assertThatThrownBy(() -> begun.handOver(0, to.address()))
        .satisfies(e -> assertThat(Failures.from(e).getParam()).isEqualTo("epoch"));
    assertThatThrownBy(() -> begun.handOver(1, "nowhere"))
        .satisfies(e -> assertThat(Failures.from(e).getParam()).isEqualTo("kv_target"));
  }
}
