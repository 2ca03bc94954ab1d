package dev.andante.gateway.api;

import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.config.ControlPolicy;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.pipeline.AnswerRequest;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.springframework.web.server.ServerWebExchange;

/**
 * Whose share a request comes out of, and how important it is. The tenant is what the caller says,
 * if their word counts, else their API key; everybody else is one tenant. Only callers whose word
 * counts can be more important than others; anybody can be less.
 */
final class Applicants {

  private static final List<String> FAIRNESS_ID =
      List.of("x-llm-d-inference-fairness-id", "x-gateway-inference-fairness-id");
  private static final List<String> OBJECTIVE =
      List.of("x-llm-d-inference-objective", "x-gateway-inference-objective");

  private final ControlPolicy control;
  private final Map<String, Integer> objectives;

  Applicants(GatewayProperties.Admission properties) {
    this.control = properties.control();
    this.objectives =
        properties.objectives().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    GatewayProperties.Objective::name, GatewayProperties.Objective::priority));
  }

  Applicant of(ServerWebExchange exchange, AnswerRequest request) {
    ControlHeaders headers = headers(exchange);
    return new Applicant(
        tenant(headers, ApiKeys.of(exchange)),
        PriorityClass.of(priority(headers, request.extensions().priority())),
        request.answers());
  }

  ControlHeaders headers(ServerWebExchange exchange) {
    return ControlHeaders.of(exchange, control);
  }

  private static String tenant(ControlHeaders headers, OptionalInt key) {
    return headers
        .value(FAIRNESS_ID)
        .map(id -> "id " + id)
        .orElse(key.isPresent() ? "key " + key.getAsInt() : "");
  }

  private int priority(ControlHeaders headers, OptionalInt asked) {
    int priority =
        asked.orElseGet(
            () -> headers.value(OBJECTIVE).map(name -> objectives.getOrDefault(name, 0)).orElse(0));
    return headers.heard() ? priority : Math.min(priority, 0);
  }
}
