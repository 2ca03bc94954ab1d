package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import dev.andante.engine.SamplingParams;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.service.grpc.Failures;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class DrainTest {

  @Test
  void stoppingFinishesWhatRunsAndRefusesTheRest() {
    Worker worker = Worker.decode();
    try (worker) {
      Iterator<TokenChunk> running =
          DecodeGrpc.newBlockingStub(worker.channel())
              .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
              .decode(Calls.local("running", Calls.prompt(4, 1), 400).build());
      assertThat(running.hasNext()).isTrue();
      ServiceState state = worker.context().getBean(ServiceState.class);
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> worker.context().close());
      Await.until(state::draining, () -> "not draining");
      if (!stopped.isDone()) {
        assertThatThrownBy(
                () -> Calls.decode(worker, Calls.local("late", Calls.prompt(4, 1), 4).build()))
            .satisfies(e -> assertThat(Failures.from(e).getCode()).isIn("draining", "unavailable"));
      }
      int tokens = 0;
      TokenChunk last = TokenChunk.getDefaultInstance();
      while (running.hasNext()) {
        last = running.next();
        tokens += last.getTokensCount();
      }
      assertThat(tokens).isEqualTo(400);
      assertThat(last.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
      stopped.orTimeout(60, TimeUnit.SECONDS).join();
    }
  }

  @Test
  void aPrefillUnderWayIsFinishedFirst() throws Exception {
    Worker prefill = Worker.prefill("--andante.drain.timeout=10m");
    try (prefill;
        Worker decode = Worker.decode()) {
      CountDownLatch gate = new CountDownLatch(1);
      EngineHold.submit(decode, "holds-the-engine", SamplingParams.GREEDY, gate);
      ListenableFuture<PrefillReply> running =
          PrefillGrpc.newFutureStub(prefill.channel())
              .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
              .prefill(
                  Calls.prefillRequest("running", Calls.prompt(40, 1), 4, decode.address())
                      .build());
      InFlight inFlight = prefill.context().getBean(InFlight.class);
      Await.until(() -> inFlight.count() == 1, () -> "nothing in flight");
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> prefill.context().close());
      ServiceState state = prefill.context().getBean(ServiceState.class);
      Await.until(state::draining, () -> "not draining");
      assertThatThrownBy(
              () ->
                  Calls.prefill(
                      prefill,
                      Calls.prefillRequest("late", Calls.prompt(4, 1), 4, decode.address())
                          .build()))
          .satisfies(e -> assertThat(Failures.from(e).getCode()).isEqualTo("draining"));
      assertThat(stopped).isNotDone();
      gate.countDown();
      assertThat(running.get(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS).getKvHandle()).isNotEmpty();
      stopped.orTimeout(60, TimeUnit.SECONDS).join();
    }
  }
}
