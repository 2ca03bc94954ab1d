package dev.andante.standalone;

import dev.andante.host.ModelHostConfiguration;
import dev.andante.host.config.ModelProperties;
import dev.andante.host.experts.RemoteExpertsFactory;
import dev.andante.host.metrics.LegMetrics;
import dev.andante.host.model.ModelSource;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcProperties;
import dev.andante.service.metrics.MetricsConfiguration;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** What the roles of one JVM share: one model, one pool of compute threads, one set of metrics. */
@Configuration(proxyBeanMethods = false)
@Import({ModelHostConfiguration.class, MetricsConfiguration.class})
@EnableConfigurationProperties({StandaloneProperties.class, GrpcProperties.class})
class SharedConfiguration {

  @Bean
  ExpertAddress expertAddress() {
    return new ExpertAddress();
  }

  /** Those of the shared model; each role has its own, of the same name. */
  @Bean
  GrpcChannels grpcChannels(GrpcProperties properties) {
    return new GrpcChannels(properties);
  }

  /** Asked for by the shared model, if it has experts; null = they run inside it. */
  @Bean
  @Nullable RemoteExpertsFactory sharedExperts(
      GrpcChannels grpcChannels,
      ExpertAddress address,
      StandaloneProperties properties,
      ModelProperties model,
      PrometheusMeterRegistry registry) {
    if (!properties.remoteExperts()) {
      return null;
    }
    return new RemoteExpertsFactory(
        grpcChannels::open,
        address::await,
        properties.expertDeadline(),
        LegMetrics.expertDispatch(registry, ModelSource.nameOf(model), "standalone"));
  }
}
