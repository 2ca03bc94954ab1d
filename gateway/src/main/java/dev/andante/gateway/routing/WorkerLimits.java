package dev.andante.gateway.routing;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.gateway.config.GatewayProperties.CircuitBreaking;
import dev.andante.gateway.config.GatewayProperties.RetryBudget;

/** What bounds the calls that a worker gets. */
public record WorkerLimits(CircuitBreaking circuitBreaking, RetryBudget retryBudget) {

  /** As without any key. */
  public static final WorkerLimits DEFAULT =
      new WorkerLimits(CircuitBreaking.DEFAULT, RetryBudget.DEFAULT);

  public static WorkerLimits of(GatewayProperties properties) {
    return new WorkerLimits(properties.circuitBreaking(), properties.retryBudget());
  }
}
