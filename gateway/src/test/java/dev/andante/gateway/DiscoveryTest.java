package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiscoveryTest {

  @Test
  void whoIsListedIsAskedAtOnceAndNotOnlyWhenItsTurnComes() {
    try (FakeWorker prefill = FakeWorker.prefill();
        FakeWorker decode = FakeWorker.decode();
        GatewayFixture gateway =
            GatewayFixture.start(
                List.of(prefill, decode),
                "andante.gateway.discovery.status-interval=10m",
                "andante.gateway.discovery.stale-after=20m")) {
      HttpResponse<String> answer =
          gateway.post("/v1/completions", "{\"prompt\":\"Hi\",\"max_tokens\":16}");
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(json(answer).at("/choices/0/text").asString()).isEqualTo("Hello");
      assertThat(prefill.prefills).hasSize(1);
    }
  }
}
