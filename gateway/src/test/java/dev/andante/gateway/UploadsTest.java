package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Bodies that never arrive, and bodies that nobody wants. */
class UploadsTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String JSON = "Content-Type: application/json\r\n";
  private static final String CLOSE = "Connection: close\r\n";
  private static final int LIMIT = 256 * 1024;

  private static FakeWorker decode;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() {
    decode = FakeWorker.decode();
    gateway =
        GatewayFixture.start(
            List.of(decode),
            "andante.gateway.http.max-body-size=256KB",
            // So long that a test which waits for it fails.
            "andante.gateway.http.body-timeout=5m");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static RawClient client() throws IOException {
    return new RawClient(gateway.port);
  }

  private static String length(long bytes) {
    return "Content-Length: " + bytes + "\r\n\r\n";
  }

  private static byte[] blank(int bytes) {
    return " ".repeat(bytes).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  private static double gone() {
    return gateway.metric("andante_gateway_errors_total{status=\"499\"}");
  }

  @Test
  void aClientThatLeavesInMidUploadIsNoFaultOfTheServer() throws IOException {
    double before = gone();
    try (CapturedLogs logs = new CapturedLogs()) {
      try (RawClient polite = client().post(CHAT, JSON + length(1000))) {
        polite.send("{\"messages\":[");
      }
      Await.until(() -> gone() >= before + 1, "it is counted as gone");
      RawClient rude = client().post(CHAT, JSON + length(1000)).send("{\"messages\":[");
      rude.reset();
      Await.until(() -> gone() >= before + 2, "it is counted as gone");
      try (RawClient chunked =
          client().post("/tokenize", JSON + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")) {
        chunked.send("5\r\n");
      }
      Await.until(() -> gone() >= before + 3, "it is counted as gone");
      assertThat(logs.complaints()).isEmpty();
      assertThat(logs.lines().stream().filter(line -> line.text().contains("499"))).hasSize(3);
    }
    assertThat(gateway.get("/metrics").body()).doesNotContain("errors_total{status=\"500\"}");
  }

  @Test
  void aClientThatSendsAllBeforeItReadsGetsIts413() throws IOException {
    try (RawClient client =
        client().post(CHAT, JSON + CLOSE + length(6 * LIMIT)).send(blank(6 * LIMIT))) {
      String answer = client.rest();
      assertThat(answer).startsWith("HTTP/1.1 413").contains("\"body_too_large\"");
    }
    try (RawClient client =
        client().post(CHAT, JSON + CLOSE + "Transfer-Encoding: chunked\r\n\r\n")) {
      for (int i = 0; i < 6; i++) {
        client.send(Integer.toHexString(LIMIT) + "\r\n").send(blank(LIMIT)).send("\r\n");
      }
      String answer = client.send("0\r\n\r\n").rest();
      assertThat(answer).startsWith("HTTP/1.1 413").contains("\"body_too_large\"");
    }
  }

  @Test
  void soItIsWithOtherAnswersThatDoNotNeedTheBody() throws IOException {
    for (String path : List.of("/nowhere", CHAT)) {
      try (RawClient client = client().post(path, CLOSE + length(LIMIT)).send(blank(LIMIT))) {
        String answer = client.rest();
        assertThat(answer).startsWith(path.equals(CHAT) ? "HTTP/1.1 415" : "HTTP/1.1 404");
      }
    }
  }

  @Test
  void thereIsAnEndToWhatIsRead() throws IOException {
    // Nothing of so long a body is waited for, ...
    try (RawClient client = client().post(CHAT, JSON + CLOSE + length(8L * LIMIT + 1))) {
      String answer = client.rest();
      assertThat(answer).startsWith("HTTP/1.1 413");
    }
    // ... nor the end of one that tells its length only as it goes.
    try (RawClient client = client().post(CHAT, JSON + "Transfer-Encoding: chunked\r\n\r\n")) {
      for (int i = 0; i <= 8; i++) {
        client.send(Integer.toHexString(LIMIT) + "\r\n").send(blank(LIMIT)).send("\r\n");
      }
      client.await("HTTP/1.1 413").await("\"body_too_large\"");
    }
  }

  @Test
  void aClientThatAsksBeforeItSendsIsToldAtOnce() throws IOException {
    try (RawClient client =
        client().post(CHAT, JSON + CLOSE + "Expect: 100-continue\r\n" + length(2 * LIMIT))) {
      String answer = client.rest();
      assertThat(answer).startsWith("HTTP/1.1 413");
    }
  }

  @Test
  void aBodyThatIsNoHttpIsAnsweredOnce() throws IOException {
    try (CapturedLogs logs = new CapturedLogs();
        RawClient client =
            client().post(CHAT, JSON + "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n")) {
      String answer = client.rest();
      assertThat(answer).startsWith("HTTP/1.1 400").doesNotContain("500");
      Await.until(() -> logs.mentions(CHAT + " 400"), "it is logged");
      assertThat(logs.complaints()).isEmpty();
    }
  }
}
