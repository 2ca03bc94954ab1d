package dev.andante.gateway.metrics;

import dev.andante.gateway.error.DropReason;
import java.util.concurrent.atomic.AtomicBoolean;

/** Counts what admission made of one request: the first that is said counts. Any thread. */
public final class AdmissionOutcome {

  private final GatewayMetrics metrics;
  private final AtomicBoolean known = new AtomicBoolean();

  AdmissionOutcome(GatewayMetrics metrics) {
    this.metrics = metrics;
  }

  public void admitted() {
    count("admitted");
  }

  public void dropped(DropReason reason) {
    count(reason.header());
  }

  private void count(String outcome) {
    if (known.compareAndSet(false, true)) {
      metrics.admission(outcome);
    }
  }
}
