package dev.andante.service.state;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * The first thing to stop: readiness goes off, then running work gets {@code timeout} to finish
 * before anything it needs is taken away.
 */
public final class DrainLifecycle implements SmartLifecycle {

  private static final Logger LOG = LoggerFactory.getLogger(DrainLifecycle.class);

  private final ServiceState state;
  private final InFlight inFlight;
  private final Duration timeout;
  private volatile boolean running;

  public DrainLifecycle(ServiceState state, InFlight inFlight, Duration timeout) {
    this.state = state;
    this.inFlight = inFlight;
    this.timeout = timeout;
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    state.drain();
    int left = inFlight.count();
    if (left > 0) {
      LOG.info("draining: {} calls in flight, waiting up to {}", left, timeout);
    }
    if (!inFlight.awaitIdle(timeout)) {
      LOG.warn("drain timed out after {}: {} calls are cut off", timeout, inFlight.count());
    }
    running = false;
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Stops before every server and engine. */
  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
