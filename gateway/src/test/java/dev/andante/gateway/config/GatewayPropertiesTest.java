package dev.andante.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

class GatewayPropertiesTest {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(GatewayProperties.class)
  static class Enabled {}

  private static final Map<String, String> ALL = new LinkedHashMap<>();

  static {
    ALL.put("request-timeout", "1m");
    ALL.put("max-choices", "3");
    ALL.put("api-keys", "a,b");
    ALL.put("tokenizer-threads", "5");
    ALL.put("discovery.prefill-service-id", "p");
    ALL.put("discovery.decode-service-id", "d");
    ALL.put("discovery.interval", "2s");
    ALL.put("discovery.status-interval", "3s");
    ALL.put("discovery.status-timeout", "4s");
    ALL.put("discovery.stale-after", "5s");
    ALL.put("discovery.silent-after", "25s");
    ALL.put("discovery.model-info-timeout", "6s");
    ALL.put("routing.local-prompt-tokens", "7");
    ALL.put("routing.local-when-cheaper", "on");
    ALL.put("routing.prefix-aware", "off");
    ALL.put("routing.max-attempts", "8");
    ALL.put("routing.retry-backoff", "9ms");
    ALL.put("routing.replacement-timeout", "24s");
    ALL.put("circuit-breaking.failure-rate", "30");
    ALL.put("circuit-breaking.window", "40");
    ALL.put("circuit-breaking.minimum-calls", "31");
    ALL.put("circuit-breaking.open-for", "32s");
    ALL.put("circuit-breaking.longest-open-for", "33s");
    ALL.put("circuit-breaking.trial-calls", "34");
    ALL.put("circuit-breaking.max-calls", "35");
    ALL.put("retry-budget.share", "0.36");
    ALL.put("retry-budget.per-second", "37.5");
    ALL.put("retry-budget.most", "38");
    ALL.put("hedging.share", "0.39");
    ALL.put("hedging.quantile", "0.9");
    ALL.put("hedging.least-wait", "41ms");
    ALL.put("admission.max-concurrent", "10");
    ALL.put("admission.max-queued", "11");
    ALL.put("admission.queue-timeout", "12s");
    ALL.put("admission.patience", "22s");
    ALL.put("admission.control", "all");
    ALL.put("admission.reject-when-late", "on");
    ALL.put("admission.late-factor", "2.5");
    ALL.put("admission.objectives[0].name", "chat/fast");
    ALL.put("admission.objectives[0].priority", "-23");
    ALL.put("http.max-body-size", "13KB");
    ALL.put("http.body-timeout", "14s");
    ALL.put("http.header-timeout", "15s");
    ALL.put("http.write-timeout", "16s");
    ALL.put("http.ping-interval", "17s");
    ALL.put("qoe.pacing", "all");
    ALL.put("qoe.ttft", "18ms");
    ALL.put("qoe.tokens-per-second", "19.5");
    ALL.put("qoe.models[0].name", "org/m-1.5");
    ALL.put("qoe.models[0].pacing", "off");
    ALL.put("qoe.models[0].ttft", "20s");
    ALL.put("qoe.models[0].tokens-per-second", "21");
  }

  private static ApplicationContextRunner with(Map<String, String> properties) {
    return new ApplicationContextRunner()
        .withUserConfiguration(Enabled.class)
        .withPropertyValues(
            properties.entrySet().stream()
                .map(e -> "andante.gateway." + e.getKey() + "=" + e.getValue())
                .toArray(String[]::new));
  }

  private static GatewayProperties bind(Map<String, String> properties) {
    GatewayProperties[] bound = new GatewayProperties[1];
    with(properties)
        .run(
            context -> {
              if (context.getStartupFailure() != null) {
                throw new IllegalStateException(context.getStartupFailure());
              }
              bound[0] = context.getBean(GatewayProperties.class);
            });
    return bound[0];
  }

  @Test
  void allDefaults() {
    assertThat(bind(Map.of()))
        .isEqualTo(
            new GatewayProperties(
                Duration.ofMinutes(10),
                16,
                List.of(),
                2,
                new GatewayProperties.Discovery(
                    "andante-prefill",
                    "andante-decode",
                    Duration.ofSeconds(1),
                    Duration.ofMillis(250),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(30)),
                new GatewayProperties.Routing(
                    0, false, true, 4, Duration.ofMillis(50), Duration.ofSeconds(60)),
                new GatewayProperties.CircuitBreaking(
                    50, 20, 5, Duration.ofSeconds(5), Duration.ofSeconds(60), 3, 10_000),
                new GatewayProperties.RetryBudget(0.2, 10, 100),
                new GatewayProperties.Hedging(0.05, 0.95, Duration.ofMillis(200)),
                new GatewayProperties.Admission(
                    64,
                    256,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    ControlPolicy.AUTHENTICATED,
                    false,
                    2,
                    List.of()),
                new GatewayProperties.Http(
                    DataSize.ofMegabytes(4),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(5)),
                new GatewayProperties.Qoe(PacingPolicy.REQUESTED, null, 4.8, List.of())));
  }

  @Test
  void whatBoundsCallsWithoutAnyKey() {
    assertThat(bind(Map.of()).circuitBreaking())
        .isEqualTo(GatewayProperties.CircuitBreaking.DEFAULT);
    assertThat(bind(Map.of()).retryBudget()).isEqualTo(GatewayProperties.RetryBudget.DEFAULT);
  }

  @Test
  void aRetryBudgetThatNothingFills() {
    Map<String, String> nothing = Map.of("retry-budget.share", "0", "retry-budget.per-second", "0");
    assertThatThrownBy(() -> bind(nothing))
        .hasStackTraceContaining("retry-budget.share and per-second must not both be 0");
  }

  @Test
  void everyKey() {
    assertThat(bind(ALL))
        .isEqualTo(
            new GatewayProperties(
                Duration.ofMinutes(1),
                3,
                List.of("a", "b"),
                5,
                new GatewayProperties.Discovery(
                    "p",
                    "d",
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(4),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(25),
                    Duration.ofSeconds(6)),
                new GatewayProperties.Routing(
                    7, true, false, 8, Duration.ofMillis(9), Duration.ofSeconds(24)),
                new GatewayProperties.CircuitBreaking(
                    30, 40, 31, Duration.ofSeconds(32), Duration.ofSeconds(33), 34, 35),
                new GatewayProperties.RetryBudget(0.36, 37.5, 38),
                new GatewayProperties.Hedging(0.39, 0.9, Duration.ofMillis(41)),
                new GatewayProperties.Admission(
                    10,
                    11,
                    Duration.ofSeconds(12),
                    Duration.ofSeconds(22),
                    ControlPolicy.ALL,
                    true,
                    2.5,
                    List.of(new GatewayProperties.Objective("chat/fast", -23))),
                new GatewayProperties.Http(
                    DataSize.ofKilobytes(13),
                    Duration.ofSeconds(14),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(16),
                    Duration.ofSeconds(17)),
                new GatewayProperties.Qoe(
                    PacingPolicy.ALL,
                    Duration.ofMillis(18),
                    19.5,
                    List.of(
                        new GatewayProperties.QoeModel(
                            "org/m-1.5", PacingPolicy.OFF, Duration.ofSeconds(20), 21.0)))));
  }

  @Test
  void circuitBreakingThatContradictsItself() {
    assertThatThrownBy(() -> bind(Map.of("circuit-breaking.longest-open-for", "1s")))
        .hasStackTraceContaining("circuit-breaking.longest-open-for must be at least open-for");
    assertThatThrownBy(() -> bind(Map.of("circuit-breaking.window", "4")))
        .hasStackTraceContaining("circuit-breaking.minimum-calls must be at most window");
  }

  @Test
  void noOtherPacing() {
    assertThatThrownBy(() -> bind(Map.of("qoe.pacing", "sometimes")))
        .hasStackTraceContaining("andante.gateway.qoe.pacing")
        .rootCause()
        .hasMessageContaining("sometimes");
  }

  @ParameterizedTest
  @CsvSource({
    "request-timeout,0s",
    "max-choices,0",
    "tokenizer-threads,0",
    "discovery.decode-service-id,''",
    "discovery.interval,0s",
    "routing.local-prompt-tokens,-1",
    "routing.max-attempts,0",
    "retry-budget.share,1.1",
    "retry-budget.per-second,-1",
    "retry-budget.most,0",
    "hedging.share,-0.1",
    "hedging.quantile,0.4",
    "hedging.quantile,NaN",
    "hedging.least-wait,0s",
    "admission.max-concurrent,0",
    "admission.max-queued,-1",
    "admission.patience,0s",
    "admission.objectives[0].priority,101",
    "admission.late-factor,0.9",
    "admission.late-factor,NaN",
    "http.ping-interval,-1s",
    "http.max-body-size,2GB",
    "qoe.ttft,0s",
    "qoe.ttft,61m",
    "qoe.tokens-per-second,0",
    "qoe.models[0].name,''",
    "unknown-key,1",
    "http.unknown-key,1"
  })
  void badValuesAndUnknownKeysAreRefused(String key, String value) {
    assertThatThrownBy(() -> bind(Map.of(key, value)))
        .rootCause()
        .hasMessageFindingMatch("(?s)" + key.replaceAll(".*\\.", "").replaceAll("-.*", ""));
  }
}
