package dev.andante.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.config.ControlPolicy;
import dev.andante.qoe.QoeOverride;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

class SloHeadersTest {

  private static QoeOverride read(ControlPolicy control, OptionalInt key, String... headers) {
    MockServerHttpRequest.BaseBuilder<?> request = MockServerHttpRequest.post("/");
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    MockServerWebExchange exchange = MockServerWebExchange.from(request.build());
    key.ifPresent(index -> exchange.getAttributes().put(ApiKeys.class.getName(), index));
    return SloHeaders.read(ControlHeaders.of(exchange, control));
  }

  private static QoeOverride heard(String... headers) {
    return read(ControlPolicy.ALL, OptionalInt.empty(), headers);
  }

  @Test
  void millisecondsAndMillisecondsPerToken() {
    assertThat(heard("x-llm-d-slo-ttft-ms", "1500", "x-llm-d-slo-tpot-ms", "62.5"))
        .isEqualTo(new QoeOverride(1.5, 16.0));
    assertThat(heard("x-slo-ttft-ms", "200")).isEqualTo(new QoeOverride(0.2, null));
    assertThat(heard("x-slo-tpot-ms", "100")).isEqualTo(new QoeOverride(null, 10.0));
    assertThat(heard("x-slo-tpot-ms", "100", "x-llm-d-slo-tpot-ms", "50"))
        .isEqualTo(new QoeOverride(null, 20.0));
    assertThat(heard()).isEqualTo(QoeOverride.NONE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-1",
        "",
        "abc",
        "1e3",
        "NaN",
        "Infinity",
        "0x10",
        "1,5",
        "31536000000",
        "1 2",
        ".5"
      })
  void whatMakesNoSenseIsIgnored(String value) {
    assertThat(heard("x-llm-d-slo-ttft-ms", value, "x-llm-d-slo-tpot-ms", value))
        .isEqualTo(QoeOverride.NONE);
  }

  @Test
  void eachValueStandsForItself() {
    assertThat(heard("x-llm-d-slo-ttft-ms", "0", "x-llm-d-slo-tpot-ms", "100"))
        .isEqualTo(new QoeOverride(null, 10.0));
    assertThat(heard("x-llm-d-slo-ttft-ms", "10", "x-llm-d-slo-ttft-ms", "20"))
        .as("sent twice")
        .isEqualTo(QoeOverride.NONE);
  }

  @ParameterizedTest
  @CsvSource({"ALL,,true", "AUTHENTICATED,,false", "AUTHENTICATED,0,true", "OFF,0,false"})
  void onlyFromCallersWhoseWordCounts(ControlPolicy control, Integer key, boolean heard) {
    OptionalInt index = key == null ? OptionalInt.empty() : OptionalInt.of(key);
    assertThat(read(control, index, "x-llm-d-slo-ttft-ms", "10").ttftSeconds())
        .isEqualTo(heard ? Double.valueOf(0.01) : null);
  }
}
