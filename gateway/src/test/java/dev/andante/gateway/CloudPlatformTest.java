package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.cloud.CloudPlatform;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.support.ResourcePropertySource;

/** Kubernetes is spoken to where the chart asks for it, and nowhere else. */
class CloudPlatformTest {

  @ParameterizedTest
  @CsvSource({"true, KUBERNETES", "false, NONE"})
  void followsDiscovery(String enabled, CloudPlatform expected) throws IOException {
    assertThat(platform(Map.of("spring.cloud.kubernetes.discovery.enabled", enabled)))
        .isEqualTo(expected);
  }

  @Test
  void isOffByDefaultEvenInsideAPod() throws IOException {
    assertThat(platform(Map.of("KUBERNETES_SERVICE_HOST", "x", "KUBERNETES_SERVICE_PORT", "1")))
        .isEqualTo(CloudPlatform.NONE);
  }

  private static CloudPlatform platform(Map<String, Object> user) throws IOException {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addLast(new ResourcePropertySource("classpath:andante-gateway.properties"));
    environment.getPropertySources().addFirst(new MapPropertySource("user", user));
    return CloudPlatform.getActive(environment);
  }
}
