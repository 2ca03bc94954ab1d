package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One connection serves many requests, however close they follow one another. */
@Tag("slow")
class KeepAliveTest {

  /** Every hundredth used to be the last that was seen. */
  private static final int ROUNDS = 1000;

  @Test
  void everyRequestOfAConnectionIsAnswered() throws IOException {
    String body = "{\"prompt\":\"hello\"}";
    String head = "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n";
    try (GatewayFixture gateway = GatewayFixture.start(List.of(FakeWorker.decode()));
        RawClient client = new RawClient(gateway.port)) {
      for (int i = 0; i < ROUNDS; i++) {
        client.post("/tokenize", head + body);
        assertThat(client.response()).startsWith("HTTP/1.1 200").endsWith("108,111]}");
        client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(client.response()).startsWith("HTTP/1.1 200");
        client.post("/v1/completions", head.replace("18", "2") + "{}");
        assertThat(client.response()).startsWith("HTTP/1.1 400");
      }
    }
  }
}
