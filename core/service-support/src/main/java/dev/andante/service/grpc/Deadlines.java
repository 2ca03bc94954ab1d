package dev.andante.service.grpc;

import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What is left of the deadline of the call that a handler answers. */
public final class Deadlines {

  private Deadlines() {}

  /** Time left, at least a nanosecond; {@code limit} if the call has more or no deadline. */
  public static Duration left(Duration limit) {
    Deadline deadline = Context.current().getDeadline();
    if (deadline == null) {
      return limit;
    }
    Duration left = Duration.ofNanos(Math.max(1, deadline.timeRemaining(TimeUnit.NANOSECONDS)));
    return left.compareTo(limit) < 0 ? left : limit;
  }
}
