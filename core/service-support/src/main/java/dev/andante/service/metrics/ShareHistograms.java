package dev.andante.service.metrics;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The process's histograms of shares, each registered once, whoever asks. Any thread. */
public final class ShareHistograms {

  private final PrometheusMeterRegistry registry;
  private final Map<String, ShareHistogram> histograms = new ConcurrentHashMap<>();

  public ShareHistograms(PrometheusMeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * @param name always with the same other arguments
   */
  public ShareHistogram of(String name, String help, String... labelNames) {
    return histograms.computeIfAbsent(
        name, key -> new ShareHistogram(registry, key, help, labelNames));
  }
}
