package dev.andante.service.state;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * The first thing to stop: readiness goes off, then running work gets {@code timeout} to finish
 * before anything it needs is taken away. Streams that live as long as their client are ended when
 * nothing is under way on them.
 */
public final class DrainLifecycle implements SmartLifecycle {

  private static final Logger LOG = LoggerFactory.getLogger(DrainLifecycle.class);

  private final ServiceState state;
  private final InFlight inFlight;
  private final LongStreams streams;
  private final Duration timeout;
  private volatile boolean running;

  public DrainLifecycle(
      ServiceState state, InFlight inFlight, LongStreams streams, Duration timeout) {
    this.state = state;
    this.inFlight = inFlight;
    this.streams = streams;
    this.timeout = timeout;
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    state.drain();
    if (inFlight.count() + streams.count() > 0) {
      LOG.info(
          "draining: {} calls in flight, {} clients connected, waiting up to {}",
          inFlight.count(),
          streams.count(),
          timeout);
    }
    long start = System.nanoTime();
    boolean idle = inFlight.awaitIdle(timeout);
    Duration left = timeout.minusNanos(System.nanoTime() - start);
    if (!streams.endWhenQuiet(left) || !idle) {
      LOG.warn(
          "drain timed out after {}: {} calls and {} clients are cut off",
          timeout,
          inFlight.count(),
          streams.count());
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
