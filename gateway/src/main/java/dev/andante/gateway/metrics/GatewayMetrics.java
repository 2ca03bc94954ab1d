package dev.andante.gateway.metrics;

import dev.andante.service.metrics.ShareHistogram;
import dev.andante.service.metrics.ShareHistograms;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/** All meters of the gateway. Any thread. */
public final class GatewayMetrics {

  private final MeterRegistry registry;
  private final ShareHistogram qoe;
  private final Map<String, ModelMeters> models = new ConcurrentHashMap<>();

  public GatewayMetrics(MeterRegistry registry, ShareHistograms shares) {
    this.registry = registry;
    this.qoe =
        shares.of(
            "andante_qoe",
            "Quality of experience of streamed answers; refused and failed ones count as 0",
            "model_name",
            "class");
  }

  /**
   * Shows the queue; call once.
   *
   * @param answers how many more workers' worth of answers waits
   * @param prompts how many more workers' worth of prompts waits for computing
   */
  public void admission(
      Supplier<Number> running,
      Supplier<Number> queued,
      DoubleSupplier answers,
      DoubleSupplier prompts) {
    Gauge.builder("andante_admission_running", running)
        .description("Answers being generated")
        .register(registry);
    Gauge.builder("andante_admission_queued", queued)
        .description("Answers waiting for their turn")
        .register(registry);
    Gauge.builder("andante_qoe_pressure", () -> answers.getAsDouble() + prompts.getAsDouble())
        .description("How many more workers' worth of work waits: answers for their turn, prompts")
        .register(registry);
    Gauge.builder("andante_qoe_pressure_prompts", prompts::getAsDouble)
        .description("Of this, prompts that wait for computing longer than their readers")
        .register(registry);
  }

  /** Shows who gets no calls; call once. */
  public void outOfService(Supplier<Number> workers) {
    Gauge.builder("andante_workers_out_of_service", workers)
        .description("Workers that get no calls for a while since too many failed")
        .register(registry);
  }

  /** The meters of a model; its name comes from a worker, never from a client. */
  public ModelMeters model(String name) {
    return models.computeIfAbsent(name, key -> new ModelMeters(registry, key));
  }

  /**
   * How good a streamed answer was to read.
   *
   * @param model its name comes from a worker, never from a client
   * @param priority the class's label
   */
  public void qoe(String model, String priority, double share) {
    qoe.record(share, model, priority);
  }

  /** For one request. */
  public AdmissionOutcome admissionOutcome() {
    return new AdmissionOutcome(this);
  }

  void admission(String outcome) {
    counter("andante_admission", "Requests by what admission made of them", "outcome", outcome);
  }

  /** A request that was answered with an error. */
  public void failed(int status) {
    counter(
        "andante_gateway_errors",
        "Requests answered with an error",
        "status",
        Integer.toString(status));
  }

  public void cancelled() {
    counter("andante_gateway_errors", "Requests answered with an error", "status", "499");
  }

  /**
   * @param resumed whether part of the answer had been generated, which is computed anew
   */
  public void retried(boolean resumed) {
    if (resumed) {
      resumed("recomputed");
    } else {
      counter("andante_retried_requests", "Answers that another worker began", "engine", "gateway");
    }
  }

  /** An answer waits since its workers have had as many repeated attempts as they may. */
  public void retryDelayed() {
    counter("andante_delayed_retries", "Pauses of answers for want of a retry budget");
  }

  /** A second prefill worker was asked for a prompt. */
  public void hedged(HedgeOutcome outcome) {
    counter(
        "andante_hedged_prefills",
        "Prompts that a second prefill worker was asked for, by what it came to",
        "outcome",
        outcome.label());
  }

  /** An answer went on on another worker, with its KV. */
  public void handedOver() {
    resumed("handed_over");
  }

  private void resumed(String how) {
    counter(
        "andante_resumed_streams",
        "Answers that went on on another worker, by what became of their KV",
        "engine",
        "gateway",
        "how",
        how);
  }

  private void counter(String name, String description, String... tags) {
    Counter.builder(name).description(description).tags(tags).register(registry).increment();
  }
}
