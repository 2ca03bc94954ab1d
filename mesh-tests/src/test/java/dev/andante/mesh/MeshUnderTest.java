package dev.andante.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.host.model.ModelHost;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.standalone.StandaloneMesh;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A mesh in this JVM and the questions that tests ask about it. */
final class MeshUnderTest implements AutoCloseable {

  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration SETTLE = Duration.ofSeconds(10);

  private final StandaloneMesh mesh;
  private final HttpClient http = HttpClient.newHttpClient();

  private MeshUnderTest(StandaloneMesh mesh) {
    this.mesh = mesh;
  }

  /** Starts all roles and waits until the gateway is ready. */
  static MeshUnderTest start(Path model, String name, String... more) {
    String[] arguments = new String[more.length + 3];
    arguments[0] = "--server.port=0";
    arguments[1] = "--andante.model.path=" + model;
    arguments[2] = "--andante.model.name=" + name;
    System.arraycopy(more, 0, arguments, 3, more.length);
    MeshUnderTest started = new MeshUnderTest(StandaloneMesh.start(arguments));
    try {
      started.await(START, "the mesh to be ready", () -> started.get("/ready").statusCode() == 200);
      return started;
    } catch (RuntimeException | Error | InterruptedException e) {
      started.close();
      throw new AssertionError("the mesh did not start", e);
    }
  }

  String url() {
    return "http://127.0.0.1:" + mesh.httpPort();
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(URI.create(url() + path)).GET());
  }

  HttpResponse<String> post(String path, String json) {
    return send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  String metrics() {
    return get("/metrics").body();
  }

  String workerAddress(String role) {
    return "127.0.0.1:" + mesh.grpcPort(role);
  }

  GrpcChannels channels() {
    return mesh.role("gateway").getBean(GrpcChannels.class);
  }

  /** What the engine of a role computes with. */
  Backend backend(String role) {
    return mesh.role(role)
        .getBean(ModelHost.class)
        .loaded()
        .orTimeout(START.toSeconds(), TimeUnit.SECONDS)
        .join()
        .backend();
  }

  WorkerStatus status(String role) {
    return WorkerGrpc.newBlockingStub(channels().channel(workerAddress(role)))
        .withDeadlineAfter(5, TimeUnit.SECONDS)
        .getStatus(GetStatusRequest.getDefaultInstance());
  }

  /** Contract 2 of docs/architecture.md: at idle every block is free on every worker. */
  void awaitAllBlocksFree() throws InterruptedException {
    for (String role : List.of("prefill", "decode")) {
      await(
          SETTLE,
          "all blocks of " + role + " to be free",
          () -> {
            WorkerStatus status = status(role);
            return status.getRunning() == 0
                && status.getWaiting() == 0
                && status.getFreeBlocks() == status.getTotalBlocks();
          });
    }
  }

  void await(Duration limit, String what, Condition condition) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited %s for %s", limit, what).isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(
          request.timeout(Duration.ofMinutes(2)).build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError("the gateway did not answer", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    http.close();
    mesh.close();
  }

  /** Something that comes true, or does not. */
  interface Condition {
    boolean holds();
  }
}
