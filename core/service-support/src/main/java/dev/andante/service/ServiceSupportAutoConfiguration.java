package dev.andante.service;

import dev.andante.service.config.DrainProperties;
import dev.andante.service.grpc.AdmissionInterceptor;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcProperties;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.grpc.RequestIds;
import dev.andante.service.http.OperationsEndpoints;
import dev.andante.service.metrics.MetricsConfiguration;
import dev.andante.service.state.DrainLifecycle;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.LivenessCheck;
import dev.andante.service.state.ReadinessCheck;
import dev.andante.service.state.ServiceState;
import io.grpc.BindableService;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/**
 * Wires the common parts of a service. A role adds its {@link BindableService}, {@link
 * ReadinessCheck} and {@link LivenessCheck} beans.
 */
@AutoConfiguration(before = NettyReactiveWebServerAutoConfiguration.class)
@Import(MetricsConfiguration.class)
@EnableConfigurationProperties({GrpcProperties.class, DrainProperties.class})
public class ServiceSupportAutoConfiguration {

  /**
   * Not counted by a drain: asked about the process, or streams that live as long as their client.
   */
  private static final Set<String> EXEMPT =
      Set.of("andante.v1.Worker", "andante.v1.Draft", "grpc.health.v1.Health");

  @Bean
  ServiceState serviceState(
      ObjectProvider<ReadinessCheck> checks, ObjectProvider<LivenessCheck> lives) {
    return new ServiceState(checks.orderedStream().toList(), lives.orderedStream().toList());
  }

  @Bean
  InFlight inFlight() {
    return new InFlight();
  }

  @Bean
  DrainLifecycle drainLifecycle(ServiceState state, InFlight inFlight, DrainProperties properties) {
    return new DrainLifecycle(state, inFlight, properties.timeout());
  }

  /**
   * Own event loops: the global ones end with the first of several contexts in a JVM that closes.
   */
  @Bean
  ReactorResourceFactory reactorResourceFactory() {
    ReactorResourceFactory resources = new ReactorResourceFactory();
    resources.setUseGlobalResources(false);
    return resources;
  }

  @Bean
  GrpcChannels grpcChannels(GrpcProperties properties) {
    return new GrpcChannels(properties);
  }

  @Bean
  @ConditionalOnBean(BindableService.class)
  GrpcServer grpcServer(
      GrpcProperties properties,
      List<BindableService> services,
      ServiceState state,
      InFlight inFlight) {
    return new GrpcServer(
        properties,
        services,
        List.of(new RequestIds.Server(), new AdmissionInterceptor(state, inFlight, EXEMPT)));
  }

  @Bean
  RouterFunction<ServerResponse> operationsRoutes(
      ServiceState state, PrometheusMeterRegistry registry) {
    return new OperationsEndpoints(state, registry).routes();
  }
}
