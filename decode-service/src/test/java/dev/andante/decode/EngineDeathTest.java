package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.SamplingParams;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.Failures;
import dev.andante.service.state.ServiceState;
import io.grpc.StatusRuntimeException;
import java.net.http.HttpResponse;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A process whose engine has ended does not pretend to work. */
class EngineDeathTest {

  @Test
  void aDefectTakesTheWorkerOutAtOnce() {
    try (Worker worker = Worker.decode()) {
      assertThat(Calls.get(worker, "/health").statusCode()).isEqualTo(200);
      assertThat(Calls.get(worker, "/integrity").statusCode()).isEqualTo(200);
      CountDownLatch gate = new CountDownLatch(1);
      EngineHold.submit(worker, "holds-the-engine", SamplingParams.GREEDY, gate);
      Iterator<TokenChunk> running =
          DecodeGrpc.newBlockingStub(worker.channel())
              .withDeadlineAfter(Calls.DEADLINE_SECONDS, TimeUnit.SECONDS)
              .decode(Calls.local("running", Calls.prompt(4, 1), 400).build());
      // No adapter would let a request without sampling parameters through.
      EngineHold.submit(worker, "defect", null, gate);
      gate.countDown();

      assertThatThrownBy(() -> running.forEachRemaining(chunk -> {}))
          .satisfies(e -> assertThat(Failures.from(e).getCode()).isIn("internal", "engine_failed"))
          .satisfies(e -> assertThat(Failures.from(e).getRetryable()).isTrue());
      Await.until(() -> worker.engine().failure().isPresent(), () -> "the engine lives");
      ServiceState.Snapshot state = worker.context().getBean(ServiceState.class).snapshot();
      assertThat(state.phase()).isEqualTo(ServiceState.Phase.FAILED);
      assertThat(state.reason()).contains("NullPointerException");
      for (String path : List.of("/ready", "/health")) {
        HttpResponse<String> answer = Calls.get(worker, path);
        assertThat(answer.statusCode()).as(path).isEqualTo(503);
        assertThat(answer.body()).contains("the engine failed", "NullPointerException");
      }
      assertThat(Calls.get(worker, "/integrity").statusCode()).isEqualTo(503);
      WorkerStatus status =
          WorkerGrpc.newBlockingStub(worker.channel())
              .getStatus(GetStatusRequest.getDefaultInstance());
      assertThat(status.getReady()).isFalse();
      assertThatThrownBy(
              () -> Calls.decode(worker, Calls.local("late", Calls.prompt(4, 1), 4).build()))
          .isInstanceOf(StatusRuntimeException.class)
          .satisfies(e -> assertThat(Failures.from(e).getCode()).isEqualTo("engine_failed"))
          .satisfies(e -> assertThat(Failures.from(e).getRetryable()).isTrue());
    }
  }
}
