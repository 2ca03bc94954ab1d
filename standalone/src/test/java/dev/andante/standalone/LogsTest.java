package dev.andante.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.state.ServiceState;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.logging.LoggingSystemProperty;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One request in the logs of every leg, as a person greps for it and as a machine reads it. */
@ExtendWith(OutputCaptureExtension.class)
class LogsTest {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final List<String> ROLES =
      List.of("gateway", "prefill", "decode", "draft", "expert");

  /** Spring Boot leaves its logging settings in the process, where they outlive a context. */
  @BeforeEach
  @AfterEach
  void forgetLoggingSettings() {
    for (LoggingSystemProperty property : LoggingSystemProperty.values()) {
      System.clearProperty(property.getEnvironmentVariableName());
    }
  }

  @Test
  void everyLineSaysWhoSpeaksAndForWhichRequest(CapturedOutput output) throws Exception {
    answer("trace-7", output, lines -> spoke(lines, "trace-7"));
    List<String> lines = output.getAll().lines().toList();
    for (String role : ROLES) {
      assertThat(lines)
          .as("a line of %s", role)
          .anyMatch(line -> line.contains("INFO [" + role + "] [trace-7] " + TRACE + " "));
    }
    assertThat(lines)
        .as("the id stands alone, without the part of an attempt")
        .noneMatch(line -> line.contains("[trace-7~"));
    for (String phrase :
        List.of("prefill done", "decode done", "draft done", "expert work begins")) {
      assertThat(lines)
          .filteredOn(line -> line.contains(phrase))
          .isNotEmpty()
          .allMatch(line -> line.contains("] [trace-7] " + TRACE + " "));
    }
    assertThat(lines)
        .as("shared code speaks for the role it works for")
        .anyMatch(line -> line.contains("INFO [decode] [] ") && line.contains("engine ready"))
        .anyMatch(line -> line.contains("INFO [prefill] [] ") && line.contains("engine ready"))
        .anyMatch(line -> line.contains("INFO [draft] [] ") && line.contains("gRPC on"));
  }

  @Test
  void linesAreObjectsWhereAskedFor(CapturedOutput output) throws Exception {
    answer(
        "trace-8",
        output,
        lines -> lines.stream().anyMatch(line -> line.contains("draft done")),
        "--logging.structured.format.console=logstash");
    List<JsonNode> objects =
        output
            .getAll()
            .lines()
            .filter(line -> line.startsWith("{"))
            .map(line -> JsonMapper.shared().readTree(line))
            .toList();
    for (String role : ROLES) {
      assertThat(objects)
          .as("an object of %s", role)
          .anyMatch(
              object ->
                  object.path("request_id").asString("").equals("trace-8")
                      && object.path("trace_id").asString("").equals(TRACE)
                      && object
                          .path("logger_name")
                          .asString("")
                          .startsWith("dev.andante." + role + "."));
    }
    assertThat(objects).anyMatch(object -> object.path("role").asString("").equals("decode"));
  }

  private static boolean spoke(List<String> lines, String id) {
    return ROLES.stream()
        .allMatch(
            role -> lines.stream().anyMatch(line -> line.contains("[" + role + "] [" + id + "]")));
  }

  private static void answer(
      String id, CapturedOutput output, Predicate<List<String>> logged, String... more)
      throws Exception {
    try (StandaloneMesh mesh = SmallMesh.start("mixtral-tiny", more);
        HttpClient client = HttpClient.newHttpClient()) {
      until(() -> mesh.role("gateway").getBean(ServiceState.class).ready());
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + mesh.httpPort() + "/v1/completions"))
                  .header("content-type", "application/json")
                  .header("x-request-id", id)
                  .header("traceparent", "00-" + TRACE + "-00f067aa0ba902b7-01")
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"model\":\"mixtral-tiny\",\"prompt\":\"Hello\",\"max_tokens\":8}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      until(() -> logged.test(output.getAll().lines().toList()));
    }
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within 60 s").isLessThan(deadline);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
