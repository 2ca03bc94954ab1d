package dev.andante.model.experts;

import java.util.List;

/**
 * For whom a forward pass is computed, for those who leave the process on its behalf. Bound by the
 * caller of the pass around it and read on the same thread, like a call's deadline in gRPC: layers
 * in between have no use for it.
 *
 * @param endNanos {@link System#nanoTime} after which nobody waits for the result any more
 * @param requests attempts whose tokens are in the batch, for logs
 */
public record PassContext(long endNanos, List<String> requests) {

  private static final ScopedValue<PassContext> CURRENT = ScopedValue.newInstance();

  /** Longest time that {@link #of} takes for real. */
  private static final long FOREVER = Long.MAX_VALUE / 4;

  /**
   * @param leftNanos how long somebody waits from now on
   */
  public static PassContext of(long leftNanos, List<String> requests) {
    return new PassContext(System.nanoTime() + Math.min(leftNanos, FOREVER), requests);
  }

  /** That of the pass this thread is in; outside of one, nobody's and without an end. */
  public static PassContext current() {
    return CURRENT.isBound() ? CURRENT.get() : of(FOREVER, List.of());
  }

  /** Runs a pass. */
  public <T> T call(ScopedValue.CallableOp<T, RuntimeException> pass) {
    return ScopedValue.where(CURRENT, this).call(pass);
  }

  /** Time left, at most {@code limitNanos}, at least 0. */
  long leftNanos(long limitNanos) {
    return Math.max(0, Math.min(limitNanos, endNanos - System.nanoTime()));
  }
}
