package dev.andante.service.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.grpc.GrpcProperties;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

class PropertiesTest {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties({GrpcProperties.class, DrainProperties.class})
  static class Properties {}

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Properties.class);

  @Test
  void defaults() {
    runner.run(
        context -> {
          assertThat(context.getBean(GrpcProperties.class))
              .isEqualTo(
                  new GrpcProperties(
                      "127.0.0.1",
                      0,
                      DataSize.ofMegabytes(64),
                      Duration.ofSeconds(10),
                      Duration.ofSeconds(5),
                      Duration.ofSeconds(1)));
          assertThat(context.getBean(DrainProperties.class))
              .isEqualTo(new DrainProperties(Duration.ofSeconds(20)));
        });
  }

  @Test
  void everyKey() {
    runner
        .withPropertyValues(
            "andante.grpc.address=0.0.0.0",
            "andante.grpc.port=9",
            "andante.grpc.max-message-size=1MB",
            "andante.grpc.keep-alive=1s",
            "andante.grpc.keep-alive-timeout=2s",
            "andante.grpc.reconnect-interval=300ms",
            "andante.drain.timeout=3s")
        .run(
            context -> {
              assertThat(context.getBean(GrpcProperties.class))
                  .isEqualTo(
                      new GrpcProperties(
                          "0.0.0.0",
                          9,
                          DataSize.ofMegabytes(1),
                          Duration.ofSeconds(1),
                          Duration.ofSeconds(2),
                          Duration.ofMillis(300)));
              assertThat(context.getBean(DrainProperties.class))
                  .isEqualTo(new DrainProperties(Duration.ofSeconds(3)));
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "andante.grpc.prot=1",
        "andante.drain.timeouts=1s",
        "andante.grpc.port=70000",
        "andante.grpc.max-message-size=-1B",
        "andante.grpc.max-message-size=2GB",
        "andante.grpc.keep-alive=0s",
        "andante.grpc.keep-alive=2h",
        "andante.grpc.keep-alive-timeout=-1s",
        "andante.drain.timeout=-1s",
        "andante.drain.timeout=2h",
        "andante.grpc.address="
      })
  void anUnknownKeyOrBadValueIsRefused(String pair) {
    runner.withPropertyValues(pair).run(context -> assertThat(context).hasFailed());
  }
}
