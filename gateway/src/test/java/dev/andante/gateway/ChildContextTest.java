package dev.andante.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.service.ServiceLauncher;
import dev.andante.service.metrics.MetricsConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** As in the standalone process: beside other roles, under a shared context, more than once. */
@Tag("slow")
class ChildContextTest {

  @Configuration(proxyBeanMethods = false)
  @Import(MetricsConfiguration.class)
  static class Shared {}

  @Test
  void twoGatewaysLiveUnderOneParent() {
    try (var parent =
            new SpringApplicationBuilder(Shared.class).web(WebApplicationType.NONE).run();
        var one =
            ServiceLauncher.of(GatewayApplication.class, "gateway")
                .parent(parent)
                .run("--server.port=0");
        var two =
            ServiceLauncher.of(GatewayApplication.class, "gateway")
                .parent(parent)
                .run("--server.port=0")) {
      assertThat(one.getEnvironment().getProperty("spring.application.name"))
          .isEqualTo("andante-gateway");
      assertThat(one.getEnvironment().getProperty("local.server.port"))
          .isNotEqualTo(two.getEnvironment().getProperty("local.server.port"));
      assertThat(one.getBean(MeterRegistry.class)).isSameAs(parent.getBean(MeterRegistry.class));
    }
  }
}
