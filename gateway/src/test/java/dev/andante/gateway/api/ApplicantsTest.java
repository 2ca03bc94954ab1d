package dev.andante.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.admission.Applicant;
import dev.andante.gateway.admission.PriorityClass;
import dev.andante.gateway.config.ControlPolicy;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.pipeline.AnswerRequest;
import dev.andante.gateway.pipeline.Extensions;
import dev.andante.gateway.pipeline.PacingWish;
import dev.andante.gateway.pipeline.Prompt;
import dev.andante.gateway.pipeline.TokenLimit;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.qoe.QoeOverride;
import dev.andante.service.grpc.RequestIdentity;
import dev.andante.service.grpc.TraceParent;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

/** Whose word counts. */
class ApplicantsTest {

  private static final OptionalInt NO_KEY = OptionalInt.empty();
  private static final OptionalInt UNSAID = OptionalInt.empty();

  private static Applicant applicant(
      ControlPolicy control, OptionalInt key, OptionalInt priority, String... headers) {
    MockServerHttpRequest.BaseBuilder<?> request = MockServerHttpRequest.post("/");
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    MockServerWebExchange exchange = MockServerWebExchange.from(request.build());
    key.ifPresent(index -> exchange.getAttributes().put(ApiKeys.class.getName(), index));
    return new Applicants(
            new GatewayProperties.Admission(
                1,
                1,
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                control,
                false,
                2,
                List.of(
                    new GatewayProperties.Objective("fast", 7),
                    new GatewayProperties.Objective("batch", -7))))
        .of(exchange, request(priority));
  }

  private static AnswerRequest request(OptionalInt priority) {
    return new AnswerRequest(
        "id",
        new RequestIdentity("id", TraceParent.begin()),
        List.of(new Prompt.Text("x", true)),
        3,
        TokenLimit.NONE,
        0,
        false,
        List.of(),
        List.of(),
        OptionalLong.empty(),
        SamplingParameters.getDefaultInstance(),
        new Extensions(QoeOverride.NONE, PacingWish.NONE, priority, true, false));
  }

  @ParameterizedTest
  @CsvSource({
    "ALL,false,id a",
    "AUTHENTICATED,true,id a",
    "AUTHENTICATED,false,''",
    "OFF,true,key 4",
    "OFF,false,''"
  })
  void theTenant(ControlPolicy control, boolean keyed, String tenant) {
    OptionalInt key = keyed ? OptionalInt.of(4) : NO_KEY;
    Applicant applicant = applicant(control, key, UNSAID, "x-llm-d-inference-fairness-id", "a");
    assertThat(applicant.tenant()).isEqualTo(tenant);
    assertThat(applicant.answers()).isEqualTo(3);
  }

  @Test
  void theOlderNameCountsToo() {
    assertThat(
            applicant(ControlPolicy.ALL, NO_KEY, UNSAID, "x-gateway-inference-fairness-id", "old")
                .tenant())
        .isEqualTo("id old");
    assertThat(
            applicant(
                    ControlPolicy.ALL,
                    NO_KEY,
                    UNSAID,
                    "x-gateway-inference-fairness-id",
                    "old",
                    "x-llm-d-inference-fairness-id",
                    "new")
                .tenant())
        .isEqualTo("id new");
  }

  @Test
  void nonsenseIsIgnored() {
    String name = "x-llm-d-inference-fairness-id";
    for (String value : List.of("", "a b", "ä", "x".repeat(129))) {
      assertThat(applicant(ControlPolicy.ALL, NO_KEY, UNSAID, name, value).tenant()).isEmpty();
    }
    assertThat(applicant(ControlPolicy.ALL, NO_KEY, UNSAID, name, "a", name, "b").tenant())
        .isEmpty();
  }

  /** Nobody can pass for the owner of a key. */
  @Test
  void anIdIsNotAKey() {
    assertThat(
            applicant(ControlPolicy.ALL, NO_KEY, UNSAID, "x-llm-d-inference-fairness-id", "key.4")
                .tenant())
        .isNotEqualTo(applicant(ControlPolicy.OFF, OptionalInt.of(4), UNSAID).tenant());
  }

  @ParameterizedTest
  @CsvSource({
    "ALL,1,,HIGH",
    "ALL,0,fast,NORMAL",
    "ALL,,fast,HIGH",
    "ALL,,batch,LOW",
    "ALL,,unknown,NORMAL",
    "ALL,-1,fast,LOW",
    "ALL,,,NORMAL",
    "AUTHENTICATED,1,,NORMAL",
    "AUTHENTICATED,-1,,LOW",
    "AUTHENTICATED,,fast,NORMAL",
    "AUTHENTICATED,,batch,NORMAL",
    "OFF,100,fast,NORMAL",
  })
  void thePriority(ControlPolicy control, Integer asked, String objective, PriorityClass expected) {
    OptionalInt priority = asked == null ? UNSAID : OptionalInt.of(asked);
    String[] headers =
        objective == null ? new String[0] : new String[] {"x-llm-d-inference-objective", objective};
    assertThat(applicant(control, NO_KEY, priority, headers).priority()).isEqualTo(expected);
  }
}
