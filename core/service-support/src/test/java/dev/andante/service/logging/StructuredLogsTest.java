package dev.andante.service.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import dev.andante.service.grpc.LogIds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import org.springframework.boot.logging.logback.StructuredLogEncoder;
import org.springframework.core.env.Environment;
import org.springframework.core.env.StandardEnvironment;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every structured format that the documentation names has the ids as fields. */
class StructuredLogsTest {

  @ParameterizedTest
  @CsvSource({
    "logstash,request_id,trace_id",
    "ecs,request_id,trace_id",
    "gelf,_request_id,_trace_id"
  })
  void idsAreFields(String format, String requestKey, String traceKey) {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(((LoggerContext) LoggerFactory.getILoggerFactory()).getMDCAdapter());
    context.putObject(Environment.class.getName(), new StandardEnvironment());
    StructuredLogEncoder encoder = new StructuredLogEncoder();
    encoder.setContext(context);
    encoder.setFormat(format);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.start();
    List<byte[]> lines = new ArrayList<>();
    new LogIds("my-id", "4bf92f3577b34da6a3ce929d0e0e4736")
        .run(
            () ->
                lines.add(
                    encoder.encode(
                        new LoggingEvent(
                            "caller", context.getLogger("a.b"), Level.INFO, "hello", null, null))));
    JsonNode line = JsonMapper.shared().readTree(lines.getFirst());
    assertThat(line.path(requestKey).asString("")).isEqualTo("my-id");
    assertThat(line.path(traceKey).asString("")).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
    assertThat(line.toString()).contains("hello");
  }
}
