package dev.andante.expert;

import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ComputeProperties.PrecisionChoice;
import dev.andante.host.config.ModelProperties;
import dev.andante.host.model.ModelSource;
import dev.andante.host.model.ProcessExit;
import dev.andante.service.ServiceLauncher;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ServiceState;
import io.grpc.BindableService;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Starts the expert role. */
@SpringBootApplication(proxyBeanMethods = false)
@EnableConfigurationProperties({
  ExpertProperties.class,
  ModelProperties.class,
  ComputeProperties.class
})
public class ExpertApplication {

  private static final Logger LOG = LoggerFactory.getLogger(ExpertApplication.class);

  public static void main(String[] args) {
    ServiceLauncher.of(ExpertApplication.class, "expert").run(args);
  }

  @Bean
  @ConditionalOnMissingBean(search = SearchStrategy.ALL)
  ProcessExit processExit() {
    return System::exit;
  }

  @Bean(destroyMethod = "close")
  @ConditionalOnMissingBean(search = SearchStrategy.ALL)
  ComputePool computePool(ComputeProperties properties) {
    return new ComputePool(properties.effectiveThreads());
  }

  @Bean
  ShardHost shardHost(
      ExpertProperties properties,
      ModelProperties model,
      ComputeProperties compute,
      ComputePool pool,
      ProcessExit exit) {
    return new ShardHost(
        ModelSource.nameOf(model),
        () -> ModelSource.open(model),
        properties,
        () -> Backends.open(compute.backend(), pool, precision(compute)),
        failure -> {
          LOG.error(
              "cannot load experts of '{}' (andante.model.path): {}",
              model.path(),
              failure.getMessage(),
              failure);
          // Not on the loading thread: stopping the context waits for it.
          Thread.ofPlatform()
              .name("andante-exit")
              .daemon(true)
              .start(() -> exit.exit(ProcessExit.CANNOT_START));
        });
  }

  /** Experts alone cannot be probed: auto is exact here. */
  private static Precision precision(ComputeProperties compute) {
    return compute.precision() == PrecisionChoice.FAST ? Precision.FAST : Precision.EXACT;
  }

  @Bean
  BindableService expertGrpcService(
      ShardHost host,
      ExpertProperties properties,
      PrometheusMeterRegistry registry,
      LongStreams streams) {
    return new ExpertGrpcService(
        host::state, properties, new ExpertMetrics(registry), streams, host::afterBackendFailure);
  }

  @Bean
  BindableService expertWorkerService(ServiceState state) {
    return new ExpertWorkerService(state);
  }
}
