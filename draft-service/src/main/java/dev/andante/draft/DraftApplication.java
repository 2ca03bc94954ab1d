package dev.andante.draft;

import dev.andante.service.ServiceLauncher;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ServiceState;
import io.grpc.BindableService;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Starts the draft role. */
@SpringBootApplication(proxyBeanMethods = false)
@EnableConfigurationProperties(DraftProperties.class)
public class DraftApplication {

  public static void main(String[] args) {
    ServiceLauncher.of(DraftApplication.class, "draft").run(args);
  }

  @Bean
  BindableService draftGrpcService(
      DraftProperties properties, PrometheusMeterRegistry registry, LongStreams streams) {
    return new DraftGrpcService(properties, new DraftMetrics(registry), streams);
  }

  @Bean
  BindableService draftWorkerService(ServiceState state) {
    return new DraftWorkerService(state);
  }
}
