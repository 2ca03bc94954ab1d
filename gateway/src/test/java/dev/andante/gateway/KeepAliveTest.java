package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One connection serves many requests, however close they follow one another. */
class KeepAliveTest {

  /** Every hundredth used to be the last that was seen. */
  private static final int ROUNDS = 1000;

  private static final String CHAT =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":5}";

  private static GatewayFixture gateway;

  @BeforeAll
  static void start() {
    gateway = GatewayFixture.start(List.of(FakeWorker.prefill(), FakeWorker.decode()));
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static String post(String path, String body) {
    return "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".formatted(path)
        + "Content-Length: %d\r\n\r\n%s".formatted(body.length(), body);
  }

  /** The first answer takes its time; those after it were asked for before, and made at once. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void requestsThatComeBeforeTheAnswerToTheOneBeforeDoNoHarm(int early) throws IOException {
    String answer = post("/v1/chat/completions", CHAT);
    try (RawClient client = new RawClient(gateway.port)) {
      client.send(answer + post("/v1/embeddings", "{}").repeat(early));
      assertThat(client.response()).startsWith("HTTP/1.1 200");
      for (int i = 0; i < early; i++) {
        assertThat(client.response()).startsWith("HTTP/1.1 501");
      }
      for (int i = 0; i < 3; i++) {
        assertThat(client.send(answer).response()).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  @Tag("slow")
  void everyRequestOfAConnectionIsAnswered() throws IOException {
    try (RawClient client = new RawClient(gateway.port)) {
      for (int i = 0; i < ROUNDS; i++) {
        client.send(post("/tokenize", "{\"prompt\":\"hello\"}"));
        assertThat(client.response()).startsWith("HTTP/1.1 200").endsWith("108,111]}");
        client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(client.response()).startsWith("HTTP/1.1 200");
        client.send(post("/v1/completions", "{}"));
        assertThat(client.response()).startsWith("HTTP/1.1 400");
      }
    }
  }
}
