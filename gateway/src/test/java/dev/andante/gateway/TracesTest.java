package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.grpc.LogIds;
import dev.andante.service.grpc.RequestIds;
import dev.andante.service.grpc.TraceParent;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client's trace goes on over all legs and through the logs; every request has one. */
class TracesTest extends AnswersTestBase {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SENT = "00-" + TRACE + "-00f067aa0ba902b7-01";

  @BeforeEach
  void forgetTraces() {
    prefill.traces.clear();
    decode.traces.clear();
  }

  private static HttpRequest.Builder chat(String id, String more) {
    return gateway
        .postRequest(
            "/v1/chat/completions",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + more + "}")
        .header("x-request-id", id);
  }

  /** The trace under which a line of the request was logged. */
  private static String logged(CapturedLogs logs, String id, String words) {
    Await.until(() -> line(logs, id, words) != null, "a line of " + id);
    return line(logs, id, words).mdc().get(LogIds.TRACE_KEY);
  }

  private static CapturedLogs.Line line(CapturedLogs logs, String id, String words) {
    return logs.lines().stream()
        .filter(line -> id.equals(line.mdc().get(LogIds.REQUEST_KEY)))
        .filter(line -> line.text().contains(words))
        .findFirst()
        .orElse(null);
  }

  @Test
  void aClientsTraceIsPassedOnAsItCame() {
    try (CapturedLogs logs = new CapturedLogs()) {
      assertThat(gateway.send(chat("traced", "").header("traceparent", SENT)).statusCode())
          .isEqualTo(200);
      assertThat(logged(logs, "traced", "done")).isEqualTo(TRACE);
      assertThat(gateway.send(chat("bad", ",\"n\":0").header("traceparent", SENT)).statusCode())
          .isEqualTo(400);
      assertThat(logged(logs, "bad", "400")).isEqualTo(TRACE);
    }
    assertThat(prefill.traces).map(TraceParent::header).containsExactly(SENT);
    assertThat(decode.traces).map(TraceParent::header).containsExactly(SENT);
    // What knows a request by its attempts only knows the trace too.
    assertThat(RequestIds.ofAttempt(prefill.prefills.getFirst().getAttempt().getRequestId()))
        .isEqualTo(new LogIds("traced", TRACE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      })
  void aBadOneIsIgnoredAndANewTraceBegun(String header) {
    assertThat(gateway.send(chat("bad-trace", "").header("traceparent", header)).statusCode())
        .isEqualTo(200);
    assertThat(prefill.traces).hasSize(1).doesNotContainNull();
    assertThat(decode.traces).isEqualTo(prefill.traces);
    assertThat(prefill.traces.getFirst().traceId()).isNotEqualTo(TRACE);
  }

  @Test
  void severalAreAsGoodAsNone() {
    gateway.send(chat("two", "").header("traceparent", SENT).header("traceparent", SENT));
    assertThat(prefill.traces.getFirst().traceId()).isNotEqualTo(TRACE);
  }

  @Test
  void withoutOneEachRequestBeginsItsOwn() {
    gateway.send(chat("one", ""));
    gateway.send(chat("two", ""));
    assertThat(prefill.traces.stream().map(TraceParent::traceId).distinct()).hasSize(2);
  }
}
