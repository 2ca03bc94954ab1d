package dev.andante.gateway;

import dev.andante.gateway.admission.Admission;
import dev.andante.gateway.api.ApiRoutes;
import dev.andante.gateway.api.ErrorResponder;
import dev.andante.gateway.api.IdentityFilter;
import dev.andante.gateway.client.MeshClient;
import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.metrics.GatewayMetrics;
import dev.andante.gateway.pipeline.AnswerService;
import dev.andante.gateway.pipeline.PromptEncoder;
import dev.andante.gateway.pipeline.TokenizerLanes;
import dev.andante.gateway.routing.Placer;
import dev.andante.gateway.routing.PromptPressure;
import dev.andante.gateway.routing.Punctuality;
import dev.andante.gateway.routing.WorkerLimits;
import dev.andante.gateway.routing.WorkerRegistry;
import dev.andante.gateway.routing.WorkerWatch;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.metrics.ShareHistograms;
import dev.andante.service.state.InFlight;
import dev.andante.service.state.ServiceState;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/** Puts the gateway together. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(GatewayProperties.class)
class GatewayConfiguration {

  /** For a first token, unless the settings say otherwise: that of readers of short prompts. */
  private static final Duration USUAL_PATIENCE = Duration.ofSeconds(1);

  /** Bytes of prompts that may wait to be tokenized: more than ten thousand short ones. */
  private static final long TOKENIZER_QUEUE = 16 << 20;

  /** The same of long prompts, which wait for a thread of their own. */
  private static final long LONG_TOKENIZER_QUEUE = 64 << 20;

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
    return new WorkerRegistry(properties.discovery().staleAfter(), WorkerLimits.of(properties));
  }

  @Bean
  WorkerWatch workerWatch(
      GatewayProperties properties,
      DiscoveryClient discovery,
      MeshClient client,
      GrpcChannels channels,
      WorkerRegistry registry) {
    return new WorkerWatch(
        properties.discovery(),
        discovery,
        client,
        channels,
        registry,
        properties.routing().prefixAware());
  }

  @Bean
  GatewayMetrics gatewayMetrics(
      MeterRegistry registry, ShareHistograms shares, WorkerRegistry workers) {
    GatewayMetrics metrics = new GatewayMetrics(registry, shares);
    metrics.outOfService(workers::outOfService);
    return metrics;
  }

  @Bean
  Admission admission(
      GatewayProperties properties, WorkerRegistry registry, GatewayMetrics metrics) {
    Admission admission =
        new Admission(
            properties.admission().maxConcurrent(),
            properties.admission().maxQueued(),
            properties.admission().patience(),
            System::nanoTime);
    metrics.admission(
        admission::running,
        admission::queued,
        // With no worker everything waits for the first one.
        () -> admission.load() * Math.max(1, registry.decodeWorkers()),
        new PromptPressure(registry, patience(properties))::workers);
    return admission;
  }

  private static Duration patience(GatewayProperties properties) {
    Duration expected = properties.qoe().ttft();
    return expected == null ? USUAL_PATIENCE : expected;
  }

  @Bean
  TokenizerLanes tokenizerLanes(GatewayProperties properties) {
    return new TokenizerLanes(
        properties.tokenizerThreads(),
        TOKENIZER_QUEUE,
        LONG_TOKENIZER_QUEUE,
        properties.admission().queueTimeout());
  }

  @Bean
  PromptEncoder promptEncoder(TokenizerLanes lanes) {
    return new PromptEncoder(lanes);
  }

  @Bean
  AnswerService answerService(
      GatewayProperties properties,
      PromptEncoder encoder,
      Admission admission,
      WorkerRegistry registry,
      MeshClient client,
      GatewayMetrics metrics) {
    Placer placer =
        new Placer(
            registry,
            properties.routing().localPromptTokens(),
            properties.routing().localWhenCheaper(),
            bound -> ThreadLocalRandom.current().nextInt(bound));
    return new AnswerService(
        properties,
        encoder,
        admission,
        placer,
        Punctuality.of(properties, placer),
        client,
        metrics,
        new SecureRandom());
  }

  @Bean
  IdentityFilter identityFilter() {
    return new IdentityFilter();
  }

  @Bean
  ErrorResponder errorResponder(GatewayMetrics metrics, GatewayProperties properties) {
    return new ErrorResponder(metrics, properties.http());
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
