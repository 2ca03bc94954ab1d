package dev.andante.host.metrics;

import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/**
 * {@code vllm:cache_config_info}, whose labels are its content. Micrometer has no such type, and
 * takes the suffix off a gauge of that name. One per registry: it holds a series for every role.
 */
public final class CacheConfigInfo {

  private final Info info;

  public CacheConfigInfo(PrometheusRegistry registry) {
    this.info =
        Info.builder()
            .name("vllm:cache_config_info")
            .help("Shape of the KV cache")
            .labelNames("model_name", "engine", "block_size", "num_gpu_blocks")
            .register(registry);
  }

  public void set(String model, String engine, int blockSize, int blocks) {
    info.addLabelValues(model, engine, Integer.toString(blockSize), Integer.toString(blocks));
  }
}
