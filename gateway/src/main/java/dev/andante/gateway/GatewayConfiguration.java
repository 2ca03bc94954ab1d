package dev.andante.gateway;

import dev.andante.gateway.admission.Admission;
import dev.andante.gateway.api.ApiRoutes;
import dev.andante.gateway.api.ErrorResponder;
import dev.andante.gateway.api.RequestIdFilter;
import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.AnswerService;
import dev.andante.gateway.pipeline.PromptEncoder;
import dev.andante.gateway.routing.Placer;
import dev.andante.gateway.routing.WorkerRegistry;
import dev.andante.gateway.routing.WorkerWatch;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Clock;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Puts the gateway together. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(GatewayProperties.class)
class GatewayConfiguration {

  /** Prompts that may wait for a tokenizer thread. */
  private static final int TOKENIZER_QUEUE = 1024;

  @Bean
  HttpServerLimits httpServerLimits(GatewayProperties properties) {
    return new HttpServerLimits(properties.http());
  }

  @Bean
  MeshClient meshClient(GrpcChannels channels) {
    return new MeshClient(channels);
  }

  @Bean
  WorkerRegistry workerRegistry(GatewayProperties properties) {
    return new WorkerRegistry(properties.discovery().staleAfter());
  }

  @Bean
  WorkerWatch workerWatch(
      GatewayProperties properties,
      DiscoveryClient discovery,
      MeshClient client,
      GrpcChannels channels,
      WorkerRegistry registry) {
    return new WorkerWatch(properties.discovery(), discovery, client, channels, registry);
  }

  @Bean
  GatewayMetrics gatewayMetrics(MeterRegistry registry) {
    return new GatewayMetrics(registry);
  }

  @Bean
  Admission admission(GatewayProperties properties, GatewayMetrics metrics) {
    Admission admission =
        new Admission(properties.admission().maxConcurrent(), properties.admission().maxQueued());
    metrics.admission(admission::running, admission::queued);
    return admission;
  }

  @Bean(destroyMethod = "dispose")
  Scheduler tokenizerScheduler(GatewayProperties properties) {
    return Schedulers.newBoundedElastic(
        properties.tokenizerThreads(), TOKENIZER_QUEUE, "tokenizer", 60, true);
  }

  @Bean
  PromptEncoder promptEncoder(Scheduler tokenizerScheduler) {
    return new PromptEncoder(tokenizerScheduler);
  }

  @Bean
  AnswerService answerService(
      GatewayProperties properties,
      PromptEncoder encoder,
      Admission admission,
      WorkerRegistry registry,
      MeshClient client,
      GatewayMetrics metrics) {
    return new AnswerService(
        properties,
        encoder,
        admission,
        new Placer(registry, properties.routing().localPromptTokens()),
        client,
        metrics,
        new SecureRandom());
  }

  @Bean
  RequestIdFilter requestIdFilter() {
    return new RequestIdFilter();
  }

  @Bean
  ErrorResponder errorResponder(GatewayMetrics metrics) {
    return new ErrorResponder(metrics);
  }

  @Bean
  RouterFunction<ServerResponse> apiRoutes(
      GatewayProperties properties,
      WorkerRegistry registry,
      AnswerService service,
      PromptEncoder encoder,
      ServiceState state,
      InFlight inFlight,
      GatewayMetrics metrics) {
    return new ApiRoutes(
            properties, registry, service, encoder, state, inFlight, metrics, Clock.systemUTC())
        .routes();
  }
}
