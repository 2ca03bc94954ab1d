package dev.andante.benchmarks.workers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.benchmarks.load.client.UnreachableException;
import dev.andante.benchmarks.load.client.WorkerRequests;
import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.Reception;
import dev.andante.benchmarks.load.workload.Demand;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.Token;
import dev.andante.qoe.QoeSpec;
import io.grpc.Server;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The workers that compute nothing, asked as the load generator asks workers. */
class FakeWorkersTest {

  private final FakeModel model =
      new FakeModel(
          ModelInfo.newBuilder().setName("fake").setVocabularySize(50).build(),
          List.of(token(7), token(8)));
  private final PacedStreams streams = new PacedStreams(model);
  private Server prefill;
  private Server decode;

  @BeforeEach
  void open() throws Exception {
    prefill = FakeWorkers.serve(Role.ROLE_PREFILL, model, streams);
    decode = FakeWorkers.serve(Role.ROLE_DECODE, model, streams);
    streams.pace(0);
  }

  @AfterEach
  void close() {
    prefill.shutdownNow();
    decode.shutdownNow();
    streams.close();
  }

  @Test
  void allTokensThatAreAskedForCome() throws Exception {
    try (WorkerRequests workers = workers(60)) {
      assertThat(workers.model()).isEqualTo("fake");
      for (int tokens : new int[] {1, 2, 40}) {
        Reception end = send(workers, tokens);
        assertThat(end.outcome()).as(end.error()).isEqualTo(Outcome.COMPLETED);
        assertThat(end.tokens()).isEqualTo(tokens);
        assertThat(end.promptTokens()).isEqualTo(12);
      }
    }
  }

  @Test
  void manyStreamsAreServedAtOnce() throws Exception {
    streams.pace(200);
    try (WorkerRequests workers = workers(60)) {
      List<CompletableFuture<Reception>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        all.add(workers.prepare(reception(i, 10)).get());
      }
      for (CompletableFuture<Reception> one : all) {
        assertThat(one.get(60, TimeUnit.SECONDS).tokens()).isEqualTo(10);
      }
    }
  }

  @Test
  void whoIsTooSlowIsGivenUp() throws Exception {
    streams.pace(0.01);
    try (WorkerRequests workers = workers(1)) {
      Reception end = send(workers, 5);
      assertThat(end.outcome()).isEqualTo(Outcome.ABORTED);
      assertThat(end.tokens()).isEqualTo(1);
    }
  }

  @Test
  void aWorkerThatGoesAwayIsAFailure() throws Exception {
    try (WorkerRequests workers = workers(60)) {
      prefill.shutdownNow().awaitTermination(60, TimeUnit.SECONDS);
      assertThat(send(workers, 5).outcome()).isEqualTo(Outcome.FAILED);
    }
  }

  @Test
  void whoIsNotThereIsNamed() {
    URI nobody = URI.create("grpc://127.0.0.1:9/9");
    assertThatThrownBy(() -> new WorkerRequests(nobody, 1, Duration.ofSeconds(1)))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("grpc://127.0.0.1:9/9 does not answer");
  }

  @Test
  void aPaceMakesSense() {
    assertThatThrownBy(() -> streams.pace(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> streams.pace(Double.NaN)).isInstanceOf(IllegalArgumentException.class);
  }

  private WorkerRequests workers(int timeoutSeconds) throws UnreachableException {
    URI both = URI.create("grpc://127.0.0.1:" + prefill.getPort() + "/" + decode.getPort());
    return new WorkerRequests(both, 1, Duration.ofSeconds(timeoutSeconds));
  }

  private static Reception send(WorkerRequests workers, int tokens) throws Exception {
    return workers.prepare(reception(0, tokens)).get().get(90, TimeUnit.SECONDS);
  }

  private static Reception reception(long index, int tokens) {
    return new Reception(index, new Demand(12, tokens), new QoeSpec(1, 5), System.nanoTime());
  }

  private static Token token(int id) {
    return Token.newBuilder().setId(id).build();
  }
}
