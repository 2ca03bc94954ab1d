package dev.andante.expert;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class ExpertPropertiesTest {

  @EnableConfigurationProperties(ExpertProperties.class)
  static class Configuration {}

  private final ApplicationContextRunner context =
      new ApplicationContextRunner().withUserConfiguration(Configuration.class);

  @Test
  void defaults() {
    context.run(
        c ->
            assertThat(c.getBean(ExpertProperties.class))
                .isEqualTo(new ExpertProperties(0, 1, 16384)));
  }

  @Test
  void everyKey() {
    context
        .withPropertyValues(
            "andante.expert.shard=1", "andante.expert.shards=2", "andante.expert.max-rows=3")
        .run(
            c ->
                assertThat(c.getBean(ExpertProperties.class))
                    .isEqualTo(new ExpertProperties(1, 2, 3)));
  }

  @Test
  void unknownKeysAndAShareBeyondTheLastAreRefused() {
    context
        .withPropertyValues("andante.expert.sharts=2")
        .run(c -> assertThat(c).hasFailed().getFailure().hasStackTraceContaining("sharts"));
    context
        .withPropertyValues("andante.expert.shard=2", "andante.expert.shards=2")
        .run(
            c ->
                assertThat(c)
                    .hasFailed()
                    .getFailure()
                    .hasStackTraceContaining("must be below andante.expert.shards"));
  }
}
