package dev.andante.host.config;

import java.util.Map;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;

/** Binds and validates configuration records as a service does. */
final class Bound {

  private Bound() {}

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties({
    ModelProperties.class,
    ComputeProperties.class,
    EngineProperties.class
  })
  static class Properties {}

  static ApplicationContextRunner with(Map<String, String> values) {
    return new ApplicationContextRunner()
        .withUserConfiguration(Properties.class)
        .withPropertyValues("andante.model.path=a.gguf")
        .withPropertyValues(
            values.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .toArray(String[]::new));
  }
}
