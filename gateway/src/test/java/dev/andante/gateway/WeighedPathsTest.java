package dev.andante.gateway;

import static dev.andante.gateway.GatewayFixture.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.TransferCost;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Prompts whose hand-off does not pay are left to decode, and the client sees no difference. */
class WeighedPathsTest {

  private static final StepCost STEPS =
      StepCost.newBuilder()
          .setBaseSeconds(1e-3)
          .setPerRowSeconds(1e-4)
          .setSamples(100)
          .setMaxBatchTokens(256)
          .build();

  private static JsonNode complete(GatewayFixture gateway) {
    HttpResponse<String> response =
        gateway.post(
            "/v1/completions",
            "{\"prompt\":\"Once\",\"max_tokens\":9,\"andante\":{\"explain\":true}}");
    assertThat(response.statusCode()).isEqualTo(200);
    return json(response.body()).at("/choices/0");
  }

  @Test
  void aSlowLinkIsAvoidedWhileItIsSlow() {
    FakeWorker prefill = FakeWorker.prefill();
    FakeWorker decode = FakeWorker.decode();
    prefill.answers("Hello");
    decode.answers("Hello");
    prefill.stepCost = STEPS;
    decode.stepCost = STEPS;
    try (GatewayFixture gateway =
        GatewayFixture.start(
            List.of(prefill, decode), "andante.gateway.routing.local-when-cheaper=on")) {
      JsonNode unknown = complete(gateway);
      assertThat(unknown.at("/andante/prefill_instance").asString()).isEqualTo(prefill.instance);
      assertThat(unknown.at("/andante/local_estimate_ms").isNull()).isTrue();

      prefill.transferCost =
          TransferCost.newBuilder()
              .setBaseSeconds(2)
              .setPerTokenSeconds(0.25)
              .setSamples(20)
              .build();
      heard(prefill);
      prefill.prefills.clear();
      JsonNode slow = complete(gateway);
      assertThat(prefill.prefills).isEmpty();
      assertThat(slow.get("text")).isEqualTo(unknown.get("text"));
      assertThat(slow.at("/andante/prefill_instance").isNull()).isTrue();
      double local = slow.at("/andante/local_estimate_ms").asDouble();
      assertThat(local).isBetween(1.0, 10.0);
      assertThat(slow.at("/andante/prefill_estimate_ms").asDouble())
          .as("4 tokens")
          .isCloseTo(local + 3000, within(0.01));
      assertThat(gateway.metric("andante_local_prefills_total{")).isEqualTo(1);
      assertThat(gateway.metric("andante_path_estimate_seconds_count{")).isPositive();

      prefill.transferCost = TransferCost.newBuilder().setSamples(40).build();
      heard(prefill);
      assertThat(complete(gateway).at("/andante/prefill_instance").asString())
          .isEqualTo(prefill.instance);
    }
  }

  /** Waits for a status that was asked for after the last change. */
  private static void heard(FakeWorker worker) {
    int before = worker.statuses.get();
    Await.until(() -> worker.statuses.get() >= before + 3, "two more statuses");
  }
}
