package dev.andante.host;

import dev.andante.compute.ComputePool;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ModelProperties;
import dev.andante.host.metrics.CacheConfigInfo;
import dev.andante.host.model.ModelHost;
import dev.andante.host.model.ProcessExit;
import dev.andante.model.ExpertExecutorFactory;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The model of the process. Roles in child contexts use the parent's beans where it has them, so a
 * JVM with several roles has one model, one backend and one pool of compute threads.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({ModelProperties.class, ComputeProperties.class})
public class ModelHostConfiguration {

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
  @ConditionalOnMissingBean(search = SearchStrategy.ALL)
  ModelHost modelHost(
      ModelProperties model,
      ComputeProperties compute,
      ComputePool pool,
      ObjectProvider<ExpertExecutorFactory> experts,
      ProcessExit exit) {
    return new ModelHost(
        model, compute, pool, () -> Optional.ofNullable(experts.getIfAvailable()), exit);
  }

  @Bean
  @ConditionalOnMissingBean(search = SearchStrategy.ALL)
  CacheConfigInfo cacheConfigInfo(PrometheusMeterRegistry registry) {
    return new CacheConfigInfo(registry.getPrometheusRegistry());
  }
}
