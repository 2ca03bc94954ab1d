package dev.andante.draft;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/** What the draft role counts. */
final class DraftMetrics {

  private final AtomicInteger streams = new AtomicInteger();
  private final Counter asked;
  private final Counter tokens;

  DraftMetrics(MeterRegistry registry) {
    Gauge.builder("andante_draft_streams", streams, AtomicInteger::get)
        .description("Decode workers connected")
        .register(registry);
    asked =
        Counter.builder("andante_draft_lookups")
            .description("Proposals asked for")
            .register(registry);
    tokens =
        Counter.builder("andante_draft_proposed_tokens")
            .description("Tokens proposed")
            .register(registry);
  }

  void streamOpened() {
    streams.incrementAndGet();
  }

  void streamClosed() {
    streams.decrementAndGet();
  }

  void proposed(int count) {
    asked.increment();
    tokens.increment(count);
  }
}
