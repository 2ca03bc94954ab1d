package dev.andante.draft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class DraftPropertiesTest {

  @EnableConfigurationProperties(DraftProperties.class)
  static class Configuration {}

  private final ApplicationContextRunner context =
      new ApplicationContextRunner().withUserConfiguration(Configuration.class);

  @Test
  void defaults() {
    context.run(
        c ->
            assertThat(c.getBean(DraftProperties.class))
                .isEqualTo(new DraftProperties(3, 10, 1024, 131072)));
  }

  @Test
  void everyKey() {
    context
        .withPropertyValues(
            "andante.draft.max-ngram=4",
            "andante.draft.max-tokens=5",
            "andante.draft.max-sequences=6",
            "andante.draft.max-context=77")
        .run(
            c ->
                assertThat(c.getBean(DraftProperties.class))
                    .isEqualTo(new DraftProperties(4, 5, 6, 77)));
  }

  @Test
  void unknownKeysAndBadValuesAreRefused() {
    context
        .withPropertyValues("andante.draft.max-ngrams=4")
        .run(c -> assertThat(c).hasFailed().getFailure().hasStackTraceContaining("max-ngrams"));
    context
        .withPropertyValues("andante.draft.max-ngram=0")
        .run(c -> assertThat(c).hasFailed().getFailure().hasStackTraceContaining("maxNgram"));
  }
}
