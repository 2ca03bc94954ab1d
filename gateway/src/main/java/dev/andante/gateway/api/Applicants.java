package dev.andante.gateway.api;

import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.config.ControlPolicy;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.pipeline.AnswerRequest;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * Whose share a request comes out of, and how important it is. The tenant is what the caller says,
 * if their word counts, else their API key; everybody else is one tenant. Only callers whose word
 * counts can be more important than others; anybody can be less.
 */
final class Applicants {

  private static final String[] FAIRNESS_ID = {
    "x-llm-d-inference-fairness-id", "x-gateway-inference-fairness-id"
  };
  private static final String[] OBJECTIVE = {
    "x-llm-d-inference-objective", "x-gateway-inference-objective"
  };
  private static final Pattern SANE = Pattern.compile("[\\x21-\\x7e]{1,128}");

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
    OptionalInt key = ApiKeys.of(exchange);
    boolean heard =
        switch (control) {
          case AUTHENTICATED -> key.isPresent();
          case ALL -> true;
          case OFF -> false;
        };
    HttpHeaders headers = exchange.getRequest().getHeaders();
    return new Applicant(
        tenant(headers, heard, key),
        PriorityClass.of(priority(headers, heard, request.extensions().priority())),
        request.answers());
  }

  private static String tenant(HttpHeaders headers, boolean heard, OptionalInt key) {
    return header(headers, heard, FAIRNESS_ID)
        .map(id -> "id " + id)
        .orElse(key.isPresent() ? "key " + key.getAsInt() : "");
  }

  private int priority(HttpHeaders headers, boolean heard, OptionalInt asked) {
    int priority =
        asked.orElseGet(
            () ->
                header(headers, heard, OBJECTIVE)
                    .map(name -> objectives.getOrDefault(name, 0))
                    .orElse(0));
    return heard ? priority : Math.min(priority, 0);
  }

  /** The newer name counts. What makes no sense is ignored, as is one that is sent twice. */
  private static Optional<String> header(HttpHeaders headers, boolean heard, String[] names) {
    for (String name : names) {
      var sent = headers.getOrEmpty(name);
      if (heard && sent.size() == 1 && SANE.matcher(sent.getFirst()).matches()) {
        return Optional.of(sent.getFirst());
      }
    }
    return Optional.empty();
  }
}
