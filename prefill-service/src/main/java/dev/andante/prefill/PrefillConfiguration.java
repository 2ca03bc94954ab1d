package dev.andante.prefill;

import dev.andante.engine.DraftSource;
import dev.andante.host.HostedEngine;
import dev.andante.host.ModelHostConfiguration;
import dev.andante.host.config.EngineProperties;
import dev.andante.host.config.ModelProperties;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.experts.RemoteExpertsFactory;
import dev.andante.host.grpc.WorkerService;
import dev.andante.host.http.IntegrityEndpoint;
import dev.andante.host.metrics.CacheConfigInfo;
import dev.andante.host.metrics.LegMetrics;
import dev.andante.host.model.ModelHost;
import dev.andante.host.model.ModelSource;
import dev.andante.host.model.ProcessExit;
import dev.andante.kvtransfer.HandOffTime;
import dev.andante.kvtransfer.grpc.GrpcKvSender;
import dev.andante.kvtransfer.link.Links;
import dev.andante.protocol.v1.Role;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ServiceState;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/** Wires the prefill role. */
@Configuration(proxyBeanMethods = false)
@Import(ModelHostConfiguration.class)
@EnableConfigurationProperties({EngineProperties.class, PrefillProperties.class})
public class PrefillConfiguration {

  private static final String ROLE = "prefill";

  /** How long an integrity check may wait for the step in progress. */
  private static final Duration INTEGRITY_PATIENCE = Duration.ofSeconds(10);

  /** Asked for by the model of this context, if it has experts; null = they run here. */
  @Bean
  @Nullable RemoteExpertsFactory remoteExperts(
      GrpcChannels channels,
      PrefillProperties properties,
      ModelProperties model,
      PrometheusMeterRegistry registry) {
    LongConsumer dispatch = LegMetrics.expertDispatch(registry, ModelSource.nameOf(model), ROLE);
    return properties.expertAddresses().isEmpty()
        ? null
        : new RemoteExpertsFactory(
            channels::open, properties::expertAddresses, properties.expertDeadline(), dispatch);
  }

  @Bean
  HostedEngine hostedEngine(
      ModelHost models,
      EngineProperties properties,
      PrometheusMeterRegistry registry,
      CacheConfigInfo cacheConfig,
      ProcessExit exit) {
    return new HostedEngine(
        ROLE, models, properties, () -> DraftSource.NONE, registry, cacheConfig, exit);
  }

  @Bean
  EngineHost engineHost(HostedEngine engine) {
    return engine.host();
  }

  @Bean
  RouterFunction<ServerResponse> integrityRoutes(EngineHost host) {
    return new IntegrityEndpoint(host::checkIntegrity, INTEGRITY_PATIENCE).routes();
  }

  /**
   * Writes KV frames: a thread for each prompt that is being pushed at the moment. The kernel wakes
   * platform threads itself, at a tenth of the processor time less than virtual ones.
   */
  @Bean(destroyMethod = "shutdown")
  ExecutorService kvSendExecutor() {
    return Executors.newCachedThreadPool(
        Thread.ofPlatform().daemon().name("kv-send-", 0).factory());
  }

  @Bean(destroyMethod = "close")
  Links kvLinks() {
    return new Links();
  }

  @Bean
  PrefillService prefillService(
      EngineHost host,
      HostedEngine engine,
      GrpcChannels channels,
      Links kvLinks,
      ExecutorService kvSendExecutor,
      HandOffTime handOffs,
      Parking parking,
      PrefillProperties properties) {
    int maxFrame = Math.toIntExact(properties.maxFrame().toBytes());
    return new PrefillService(
        host,
        running ->
            new GrpcKvSender(
                channels::channel,
                running.kvLayout(),
                running.kvFormat(),
                kvLinks,
                kvSendExecutor,
                engine.transferMetrics(),
                maxFrame,
                properties.kvCoding()),
        properties.transferTimeout(),
        handOffs,
        parking);
  }

  @Bean
  Parking parking(
      PrefillProperties properties, ModelProperties model, PrometheusMeterRegistry registry) {
    Parking parking = new Parking(properties.maxParked().toBytes());
    Gauge.builder("andante_kv_parked_bytes", parking, Parking::usedBytes)
        .description("KV set apart for decodes that have no room for it yet")
        .tags("model_name", ModelSource.nameOf(model), "engine", ROLE)
        .register(registry);
    return parking;
  }

  @Bean
  HandOffTime handOffTime() {
    return new HandOffTime(System::nanoTime);
  }

  @Bean
  WorkerService workerService(
      HostedEngine engine, ServiceState state, HandOffTime handOffs, LongStreams streams) {
    return new WorkerService(
        Role.ROLE_PREFILL,
        engine.host(),
        state,
        () -> "",
        handOffs::estimate,
        engine.kvEvents(),
        streams);
  }
}
