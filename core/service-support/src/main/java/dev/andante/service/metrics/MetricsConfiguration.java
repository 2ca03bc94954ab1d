package dev.andante.service.metrics;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The registry of the process: one, even where several roles share a JVM under a common parent
 * context.
 */
@Configuration(proxyBeanMethods = false)
public class MetricsConfiguration {

  @Bean
  @ConditionalOnMissingBean(search = SearchStrategy.ALL)
  PrometheusMeterRegistry meterRegistry() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    bindGc(registry);
    return registry;
  }

  /** Of that registry. */
  @Bean
  @ConditionalOnMissingBean(search = SearchStrategy.ALL)
  ShareHistograms shareHistograms(PrometheusMeterRegistry registry) {
    return new ShareHistograms(registry);
  }

  @SuppressWarnings("resource") // lives as long as the registry, which is the process
  private static void bindGc(PrometheusMeterRegistry registry) {
    new JvmGcMetrics().bindTo(registry);
  }
}
