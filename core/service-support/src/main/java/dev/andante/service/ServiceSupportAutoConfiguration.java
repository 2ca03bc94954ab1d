package dev.andante.service;

import dev.andante.service.config.DrainProperties;
import dev.andante.service.grpc.AdmissionInterceptor;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcProperties;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.grpc.RequestIds;
import dev.andante.service.http.OperationsEndpoints;
import dev.andante.service.http.OwnTurns;
import dev.andante.service.metrics.MetricsConfiguration;
import dev.andante.service.state.DrainLifecycle;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.LivenessCheck;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ReadinessCheck;
import dev.andante.service.state.ServiceState;
import io.grpc.BindableService;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
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

  /** Asked about the process, at any time, and while it stops to help it stop. */
  private static final Set<String> ABOUT_THE_PROCESS =
      Set.of("andante.v1.Worker", "grpc.health.v1.Health", "andante.v1.Decode/HandOver");

  /** Their streams live as long as their client; they report their work to {@link LongStreams}. */
  private static final Set<String> LONG_LIVED = Set.of("andante.v1.Draft", "andante.v1.Expert");

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
  LongStreams longStreams() {
    return new LongStreams();
  }

  @Bean
  DrainLifecycle drainLifecycle(
      ServiceState state, InFlight inFlight, LongStreams streams, DrainProperties properties) {
    return new DrainLifecycle(state, inFlight, streams, properties.timeout());
  }

  /**
   * Own event loops: the global ones end with the first of several contexts in a JVM that closes.
   * They end at once, not two seconds after their last task: what requests need of them is over,
   * and connections are closed, before.
   */
  @Bean
  ReactorResourceFactory reactorResourceFactory() {
    ReactorResourceFactory resources = new ReactorResourceFactory();
    resources.setUseGlobalResources(false);
    resources.setShutdownQuietPeriod(Duration.ZERO);
    return resources;
  }

  @Bean
  WebServerFactoryCustomizer<NettyReactiveWebServerFactory> ownTurns() {
    return factory -> factory.addServerCustomizers(new OwnTurns());
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
        List.of(
            new RequestIds.Server(),
            new AdmissionInterceptor(state, inFlight, ABOUT_THE_PROCESS, LONG_LIVED)));
  }

  @Bean
  RouterFunction<ServerResponse> operationsRoutes(
      ServiceState state, PrometheusMeterRegistry registry) {
    return new OperationsEndpoints(state, registry).routes();
  }
}
