package dev.andante.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

class StandalonePropertiesTest {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(StandaloneProperties.class)
  static class Properties {}

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Properties.class);

  @Test
  void defaults() {
    runner.run(
        context ->
            assertThat(context.getBean(StandaloneProperties.class))
                .isEqualTo(new StandaloneProperties(true, Duration.ofSeconds(30))));
  }

  @Test
  void everyKey() {
    runner
        .withPropertyValues(
            "andante.standalone.remote-experts=off", "andante.standalone.expert-deadline=3s")
        .run(
            context ->
                assertThat(context.getBean(StandaloneProperties.class))
                    .isEqualTo(new StandaloneProperties(false, Duration.ofSeconds(3))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"remote-expert=on", "expert-deadline=0s", "remote-experts=maybe"})
  void anUnknownKeyOrBadValueIsRefused(String pair) {
    runner
        .withPropertyValues("andante.standalone." + pair)
        .run(context -> assertThat(context).hasFailed());
  }
}
