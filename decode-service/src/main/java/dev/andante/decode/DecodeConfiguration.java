package dev.andante.decode;

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
import dev.andante.kvtransfer.grpc.GrpcKvSender;
import dev.andante.kvtransfer.grpc.KvTransferService;
import dev.andante.kvtransfer.link.LinkServer;
import dev.andante.kvtransfer.link.Links;
import dev.andante.protocol.v1.Role;
import dev.andante.service.grpc.Endpoints;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.GrpcProperties;
import dev.andante.service.grpc.GrpcServer;
import dev.andante.service.grpc.GrpcStartException;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ServiceState;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/** Wires the decode role. */
@Configuration(proxyBeanMethods = false)
@Import(ModelHostConfiguration.class)
@EnableConfigurationProperties({EngineProperties.class, DecodeProperties.class})
public class DecodeConfiguration {

  private static final String ROLE = "decode";

  /** How long an integrity check may wait for the step in progress. */
  private static final Duration INTEGRITY_PATIENCE = Duration.ofSeconds(10);

  /** Payload of a KV frame. */
  private static final int MAX_FRAME_BYTES = 1 << 20;

  /** A draft service silent for this long is taken for lost. */
  private static final Duration DRAFT_STALL = Duration.ofSeconds(5);

  /** Asked for by the model of this context, if it has experts; null = they run here. */
  @Bean
  @Nullable RemoteExpertsFactory remoteExperts(
      GrpcChannels channels,
      DecodeProperties properties,
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
      EngineProperties engine,
      DecodeProperties properties,
      GrpcChannels channels,
      PrometheusMeterRegistry registry,
      CacheConfigInfo cacheConfig,
      ProcessExit exit) {
    LongConsumer roundTrip = LegMetrics.draftRoundTrip(registry, models.modelName(), ROLE);
    return new HostedEngine(
        ROLE,
        models,
        engine,
        () -> drafts(properties, channels, roundTrip),
        registry,
        cacheConfig,
        exit);
  }

  @Bean
  EngineHost engineHost(HostedEngine engine) {
    return engine.host();
  }

  @Bean
  RouterFunction<ServerResponse> integrityRoutes(EngineHost host) {
    return new IntegrityEndpoint(host::checkIntegrity, INTEGRITY_PATIENCE).routes();
  }

  /** Writes tokens and KV frames to streams. */
  @Bean(destroyMethod = "shutdown")
  ExecutorService tokenWriters() {
    return Executors.newThreadPerTaskExecutor(
        Thread.ofVirtual().name("token-writer-", 0).factory());
  }

  @Bean
  DecodeService decodeService(
      EngineHost host,
      HostedEngine engine,
      ExecutorService tokenWriters,
      DecodeProperties properties,
      HandOvers handOvers) {
    return new DecodeService(
        host, tokenWriters, properties.maxBufferedTokens(), engine::onInterTokenLatency, handOvers);
  }

  /** To other decode workers. */
  @Bean(destroyMethod = "close")
  Links kvLinks() {
    return new Links();
  }

  @Bean
  HandOvers handOvers(
      HostedEngine engine,
      ModelHost models,
      GrpcChannels channels,
      Links kvLinks,
      ExecutorService tokenWriters,
      DecodeProperties properties,
      ServiceState state,
      PrometheusMeterRegistry registry) {
    HandOvers handOvers =
        new HandOvers(
            (running, format) ->
                new GrpcKvSender(
                    channels::channel,
                    running.kvLayout(),
                    format,
                    kvLinks,
                    tokenWriters,
                    engine.transferMetrics(),
                    MAX_FRAME_BYTES,
                    properties.kvCoding()),
            registry,
            models.modelName(),
            ROLE);
    if (properties.handOver()) {
      state.whenDraining(handOvers::offerAll);
    }
    return handOvers;
  }

  /** From prefill and other decode workers; null = KV comes over gRPC. */
  @Bean(destroyMethod = "close")
  @Nullable LinkServer kvLinkServer(DecodeProperties properties, GrpcProperties grpc) {
    if (!properties.kvLink()) {
      return null;
    }
    try {
      return new LinkServer(
          new InetSocketAddress(grpc.address(), properties.kvLinkPort()),
          properties.kvLinkAdvertisedPort(),
          Math.toIntExact(grpc.maxMessageSize().toBytes()));
    } catch (IOException e) {
      throw new GrpcStartException(
          grpc.address(), properties.kvLinkPort(), "andante.decode.kv-link-port", e);
    }
  }

  @Bean
  KvTransferService kvTransferService(
      EngineHost host, HostedEngine engine, ObjectProvider<LinkServer> links) {
    return new KvTransferService(
        new EngineReceiver(host, engine.transferMetrics()), links.getIfAvailable());
  }

  @Bean
  WorkerService workerService(
      HostedEngine engine,
      ServiceState state,
      LongStreams streams,
      DecodeProperties properties,
      GrpcProperties grpc,
      ObjectProvider<GrpcServer> server) {
    return new WorkerService(
        Role.ROLE_DECODE,
        engine.host(),
        state,
        () ->
            properties.kvAddress().isEmpty()
                ? grpc.address() + ":" + server.getObject().port()
                : properties.kvAddress(),
        Optional::empty,
        engine.kvEvents(),
        streams);
  }

  private static DraftSource drafts(
      DecodeProperties properties, GrpcChannels channels, LongConsumer roundTrip) {
    return properties.draftAddress().isBlank()
        ? DraftSource.NONE
        : new ReplicatedDrafts(
            List.of(properties.draftAddress()),
            Endpoints.Lookup.SYSTEM,
            endpoint ->
                new GrpcDraftSource(channels.open(endpoint), DRAFT_STALL, roundTrip).start());
  }
}
