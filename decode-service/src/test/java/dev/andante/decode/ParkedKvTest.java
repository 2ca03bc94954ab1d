package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.decode.Calls.Answer;
import dev.andante.engine.Attempt;
import dev.andante.engine.KvReservation;
import dev.andante.engine.PromptTokens;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.service.grpc.Failures;
import io.grpc.Context;
import io.grpc.Status;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Decode is full: prefill computes all the same, and keeps the KV until decode asks for it. */
@Tag("slow")
class ParkedKvTest {

  private static int prompts;
  private static final long PATIENCE_MILLIS = 30_000;

  private static Worker prefill;
  private static Worker decode;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Integer> prompt = Calls.prompt(100, ++prompts); // nobody has it
  private KvReservation hog;

  @BeforeAll
  static void start() {
    prefill = Worker.prefill();
    decode = Worker.decode("--andante.engine.blocks=16");
  }

  @AfterAll
  static void stop() {
    prefill.close();
    decode.close();
  }

  @BeforeEach
  void fill() {
    hog =
        decode
            .engine()
            .reserve(new Attempt("hog", 0), new PromptTokens(new int[250], 0))
            .orTimeout(10, TimeUnit.SECONDS)
            .join();
  }

  @AfterEach
  void nothingIsLeft() {
    makeRoom();
    threads.shutdownNow();
    prefill.awaitIdle();
    decode.awaitIdle();
    Await.until(() -> parkedBytes(prefill) == 0, () -> parkedBytes(prefill) + " bytes parked");
  }

  @Test
  void theTokensAreTheSameAndNothingIsComputedTwice() {
    double before = computedTokens(prefill);
    CompletableFuture<PrefillReply> reply = start(prefill, "parked", PATIENCE_MILLIS);
    awaitParked(prefill, before);
    assertThat(reply).isNotDone();
    makeRoom();
    PrefillReply made = reply.orTimeout(30, TimeUnit.SECONDS).join();
    Answer answer = Calls.decode(decode, Calls.transferred("parked", made, 8).build());
    Answer alone = Calls.decode(decode, Calls.local("alone", prompt, 8).build());
    assertThat(made.getFirstToken().getId()).isEqualTo(alone.tokens().getFirst());
    assertThat(answer.tokens()).isEqualTo(alone.tokens().subList(1, 8));
    assertThat(computedTokens(prefill) - before).isEqualTo(100);
  }

  @Test
  void decodeThatStaysFullRefusesInTime() {
    CompletableFuture<PrefillReply> reply = start(prefill, "late", 500);
    assertThatThrownBy(() -> reply.orTimeout(30, TimeUnit.SECONDS).join())
        .isInstanceOf(CompletionException.class)
        .satisfies(e -> assertThat(Failures.from(e.getCause()).getCode()).isEqualTo("saturated"));
  }

  @Test
  void aClientThatLeavesFreesBoth() {
    double before = computedTokens(prefill);
    Context.CancellableContext call = Context.current().withCancellation();
    call.run(() -> prefillAsync(prefill, "leaves", PATIENCE_MILLIS));
    awaitParked(prefill, before);
    call.cancel(null);
    Await.until(() -> parkedBytes(prefill) == 0, () -> parkedBytes(prefill) + " bytes parked");
  }

  @Test
  void aDeadlineFreesBoth() {
    assertThatThrownBy(
            () ->
                PrefillGrpc.newBlockingStub(prefill.channel())
                    .withDeadlineAfter(700, TimeUnit.MILLISECONDS)
                    .prefill(request("deadline", PATIENCE_MILLIS)))
        .satisfies(
            e ->
                assertThat(Status.fromThrowable(e).getCode())
                    .isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    Await.until(() -> parkedBytes(prefill) == 0, () -> parkedBytes(prefill) + " bytes parked");
  }

  @Test
  void aPrefillThatDiesLeavesTheLine() {
    try (Worker other = Worker.prefill()) {
      var _ = start(other, "dies", PATIENCE_MILLIS);
      awaitParked(other, 0);
    }
    double before = computedTokens(prefill);
    CompletableFuture<PrefillReply> next = start(prefill, "next", PATIENCE_MILLIS);
    awaitParked(prefill, before);
    makeRoom();
    PrefillReply made = next.orTimeout(30, TimeUnit.SECONDS).join();
    assertThat(decode.engine().release(made.getKvHandle()).join()).isTrue();
  }

  @Test
  void withoutRoomToParkNothingIsComputedBeforeTheGrant() {
    try (Worker other = Worker.prefill("--andante.prefill.max-parked=0B")) {
      CompletableFuture<PrefillReply> reply = start(other, "later", PATIENCE_MILLIS);
      assertThatThrownBy(() -> reply.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
      assertThat(computedTokens(other)).isZero();
      makeRoom();
      PrefillReply made = reply.orTimeout(30, TimeUnit.SECONDS).join();
      assertThat(computedTokens(other)).isEqualTo(100);
      assertThat(decode.engine().release(made.getKvHandle()).join()).isTrue();
      other.awaitIdle();
    }
  }

  private void makeRoom() {
    decode.engine().release(hog.handle()).orTimeout(10, TimeUnit.SECONDS).join();
  }

  private CompletableFuture<PrefillReply> start(Worker worker, String id, long patience) {
    return CompletableFuture.supplyAsync(
        () -> Calls.prefill(worker, request(id, patience)), threads);
  }

  private void prefillAsync(Worker worker, String id, long patience) {
    var _ = PrefillGrpc.newFutureStub(worker.channel()).prefill(request(id, patience));
  }

  private PrefillRequest request(String id, long patience) {
    return Calls.prefillRequest(id, prompt, 8, decode.address())
        .setPatienceMillis(patience)
        .build();
  }

  /** Until all of it is computed, and kept. */
  private void awaitParked(Worker worker, double computedBefore) {
    long bytes = prompt.size() * worker.running().kvLayout().bytesPerToken();
    Await.until(
        () ->
            parkedBytes(worker) == bytes
                && computedTokens(worker) == computedBefore + prompt.size(),
        () -> parkedBytes(worker) + " bytes parked, " + computedTokens(worker) + " computed");
  }

  private static double parkedBytes(Worker worker) {
    return registry(worker).get("andante_kv_parked_bytes").gauge().value();
  }

  private static double computedTokens(Worker worker) {
    return registry(worker)
        .get("vllm:prompt_tokens_by_source")
        .tag("source", "local_compute")
        .counter()
        .count();
  }

  private static PrometheusMeterRegistry registry(Worker worker) {
    return worker.context().getBean(PrometheusMeterRegistry.class);
  }
}
