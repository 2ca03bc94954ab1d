package dev.andante.gateway.pipeline;

import dev.andante.protocol.v1.Reader;
import dev.andante.qoe.QoeSpec;
import java.util.concurrent.TimeUnit;

/**
 * Who will read an answer.
 *
 * @param expects when and how fast they want it
 * @param whole whether they begin to read when the answer is complete
 * @param askedNanos when they asked, by {@link System#nanoTime}
 */
public record Asker(QoeSpec expects, boolean whole, long askedNanos) {

  /** As a worker is told at a moment. */
  Reader at(long nowNanos) {
    return Reader.newBuilder()
        .setTtftSeconds(expects.ttftSeconds())
        .setTokensPerSecond(expects.tokensPerSecond())
        .setWhole(whole)
        .setWaitedMicros(TimeUnit.NANOSECONDS.toMicros(Math.max(0, nowNanos - askedNanos)))
        .build();
  }
}
