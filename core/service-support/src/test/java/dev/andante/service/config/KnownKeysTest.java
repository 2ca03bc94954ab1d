package dev.andante.service.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class KnownKeysTest {

  @Test
  void knownGroupsAndOtherPrefixesPass() {
    assertThat(
            unknown(
                Map.of(
                    "andante.grpc.port", "1",
                    "andante.decode.expert-addresses[0]", "e",
                    "andante.root", "/x",
                    "spring.anything", "y")))
        .isEmpty();
  }

  @Test
  void misspeltGroupsAreFound() {
    assertThat(
            unknown(
                Map.of(
                    "andante.engin.lease", "1s",
                    "andante.metrics.step", "1s",
                    "andante.decode.x", "1")))
        .containsExactly("andante.engin.lease", "andante.metrics.step");
  }

  @Test
  void environmentVariablesAreOthersBusinessToo() {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .replace(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            new SystemEnvironmentPropertySource(
                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                Map.of("andante.unheard.of", "1")));
    assertThat(KnownKeys.unknownKeys(environment)).isEmpty();
  }

  private static Iterable<String> unknown(Map<String, Object> values) {
    StandardEnvironment environment = new StandardEnvironment();
    environment.getPropertySources().addFirst(new MapPropertySource("test", values));
    return KnownKeys.unknownKeys(environment);
  }
}
