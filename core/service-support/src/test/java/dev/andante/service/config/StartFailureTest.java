package dev.andante.service.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.service.ServiceLauncher;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** What a user reads who has mistyped a setting. */
@ExtendWith(OutputCaptureExtension.class)
@Tag("slow")
class StartFailureTest {

  /** A service without a role. */
  @SpringBootApplication
  static class Service {}

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --andante.engin.lease=1s             | There are no configuration keys andante.engin.lease
          --andante.metrics.step=1s            | There are no configuration keys andante.metrics.step
          --andante.grpc.prot=1                | There is no configuration key andante.grpc.prot
          --andante.grpc.max-message-size=-1B  | andante.grpc.max-message-size must be 1KB to 2047MB, not '-1B'
          --andante.grpc.keep-alive=0s         | andante.grpc.keep-alive must be 10ms to 1h, not 'PT0S'
          --andante.drain.timeout=2h           | andante.drain.timeout must be 0s to 1h, not 'PT2H'
          --andante.grpc.port=70000            | andante.grpc.port must be less than or equal to 65535, not '70000'
          --andante.grpc.keep-alive=soon       | andante.grpc.keep-alive: 'soon' is not a valid duration
          --andante.grpc.max-message-size=     | andante.grpc.max-message-size
          """)
  void theKeyTheLimitsAndWhatToDoComeWithoutAStackTrace(
      String argument, String expected, CapturedOutput output) {
    assertThatThrownBy(
        () ->
            ServiceLauncher.of(Service.class, "test")
                .run(
                    "--spring.config.import=classpath:andante-defaults.properties",
                    "--server.port=0",
                    argument)
                .close());
    assertThat(output.getAll())
        .contains("Description:", "Action:", expected)
        .doesNotContain("\tat ", "Exception: ", "Exception encountered");
  }
}
