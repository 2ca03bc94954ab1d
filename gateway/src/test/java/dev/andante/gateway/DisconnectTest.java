package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A client that goes away takes its work with it. */
@Tag("slow")
class DisconnectTest {

  private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";

  private final CountDownLatch never = new CountDownLatch(1);
  private FakeWorker prefill;
  private FakeWorker decode;
  private GatewayFixture gateway;

  @BeforeEach
  void start() {
    prefill = FakeWorker.prefill();
    decode = FakeWorker.decode();
    gateway =
        GatewayFixture.start(
            List.of(prefill, decode),
            "andante.gateway.admission.max-concurrent=1",
            "andante.gateway.admission.max-queued=1",
            "andante.gateway.http.ping-interval=50ms");
  }

  @AfterEach
  void stop() {
    never.countDown();
    gateway.close();
  }

  private Socket send(String body) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port);
    socket.setSoTimeout(20_000);
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    socket
        .getOutputStream()
        .write(
            ("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Length: "
                    + bytes.length
                    + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return socket;
  }

  private static void readUntil(Socket socket, String text) throws IOException {
    InputStream in = socket.getInputStream();
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf(text) < 0) {
      int b = in.read();
      assertThat(b).as("the stream ended after: %s", seen).isNotNegative();
      seen.append((char) b);
    }
  }

  private void placeIsFree() {
    Await.until(
        () -> {
          String metrics = gateway.get("/metrics").body();
          return metrics.contains("andante_admission_running 0")
              && metrics.contains("andante_admission_queued 0");
        },
        "the place is free");
    assertThat(gateway.get("/metrics").body())
        .contains("andante_gateway_errors_total{status=\"499\"}");
  }

  @Test
  void aStreamsClientLeaves() throws IOException {
    decode.tokensBeforeGate = 2;
    decode.decodeGate = never;
    try (Socket socket = send(HI + ",\"stream\":true}")) {
      readUntil(socket, "\"content\":\"l\"");
    }
    Await.until(() -> decode.cancelled.get() == 1, "decode is cancelled");
    placeIsFree();
  }

  @Test
  void aWholeAnswersClientLeaves() throws IOException {
    decode.tokensBeforeGate = 2;
    decode.decodeGate = never;
    try (Socket socket = send(HI + "}")) {
      Await.until(() -> decode.open.get() == 1, "decoding");
      assertThat(socket.isConnected()).isTrue();
    }
    Await.until(() -> decode.cancelled.get() == 1, "decode is cancelled");
    placeIsFree();
  }

  @Test
  void theClientLeavesDuringPrefill() throws IOException {
    prefill.prefillGate = never;
    try (Socket socket = send(HI + ",\"stream\":true}")) {
      readUntil(socket, ": ping\n\n");
    }
    Await.until(() -> prefill.cancelled.get() == 1, "prefill is cancelled");
    placeIsFree();
    assertThat(decode.decodes).isEmpty();
  }

  @Test
  void aDecodeThatNeverBeganIsReleasedByItsHandle() throws IOException {
    decode.decodeGate = never;
    try (Socket socket = send(HI + ",\"stream\":true}")) {
      readUntil(socket, "\"content\":\"H\"");
      Await.until(() -> decode.open.get() == 1, "decoding");
    }
    Await.until(() -> !decode.released.isEmpty(), "the reservation is released");
    assertThat(decode.released)
        .containsExactly(decode.decodes.getFirst().getTransferred().getKvHandle());
    placeIsFree();
  }

  @Test
  void aClientThatWaitsInTheQueueLeaves() throws IOException {
    decode.decodeGate = never;
    try (Socket running = send(HI + "}")) {
      Await.until(() -> decode.open.get() == 1, "decoding");
      try (Socket waiting = send(HI + "}")) {
        Await.until(
            () -> gateway.get("/metrics").body().contains("andante_admission_queued 1"), "queued");
        var refused = gateway.post("/v1/chat/completions", HI + "}");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(refused.headers().firstValue("x-llm-d-request-dropped-reason"))
            .hasValue("rejected-saturated");
        assertThat(waiting.isConnected()).isTrue();
      }
      Await.until(
          () -> gateway.get("/metrics").body().contains("andante_admission_queued 0"),
          "not queued");
      assertThat(running.isConnected()).isTrue();
    }
    placeIsFree();
    assertThat(prefill.prefills).hasSize(1);
  }
}
