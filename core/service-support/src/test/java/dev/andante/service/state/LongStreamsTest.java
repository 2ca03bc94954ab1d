package dev.andante.service.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LongStreamsTest {

  private static final Duration LONG = Duration.ofMinutes(5);

  private final LongStreams streams = new LongStreams();
  private final List<String> ended = new CopyOnWriteArrayList<>();

  @Test
  void idleStreamsAreEndedAtOnceHoweverLongTheyMustBeQuiet() {
    LongStreams.Stream a = open("a", Duration.ZERO);
    open("b", LONG);
    assertThat(streams.count()).isEqualTo(2);
    assertThat(drain(LONG).join()).isTrue();
    assertThat(ended).containsExactlyInAnyOrder("a", "b");
    assertThat(streams.count()).isZero();
    assertThat(a.begin()).as("work on a stream that has ended").isFalse();
    assertThat(a.close()).isFalse();
  }

  @Test
  void workUnderWayIsWaitedFor() {
    LongStreams.Stream busy = open("busy", Duration.ZERO);
    open("idle", Duration.ZERO);
    assertThat(busy.begin()).isTrue();
    CompletableFuture<Boolean> drained = drain(LONG);
    while (!ended.contains("idle")) {
      Thread.onSpinWait();
    }
    assertThat(drained).isNotDone();
    assertThat(busy.begin()).as("more work may come until it is quiet").isTrue();
    busy.end();
    assertThat(ended).containsExactly("idle");
    busy.end();
    assertThat(drained.join()).isTrue();
    assertThat(ended).containsExactly("idle", "busy");
  }

  @Test
  void aStreamThatHasJustWorkedIsLeftForAWhile() {
    LongStreams.Stream stream = open("a", LONG);
    assertThat(stream.begin()).isTrue();
    stream.end();
    assertThat(streams.endWhenQuiet(Duration.ofMillis(5))).isFalse();
    assertThat(ended).isEmpty();
    assertThat(streams.count()).isEqualTo(1);
  }

  @Test
  void aClientThatLeavesIsNotWaitedFor() {
    LongStreams.Stream stream = open("a", LONG);
    assertThat(stream.begin()).isTrue();
    CompletableFuture<Boolean> drained = drain(LONG);
    assertThat(stream.close()).isTrue();
    assertThat(drained.join()).isTrue();
    assertThat(ended).isEmpty();
    stream.end();
  }

  @Test
  void whoComesAfterTheDrainIsEndedAtOnce() {
    assertThat(streams.endWhenQuiet(Duration.ZERO)).isTrue();
    LongStreams.Stream late = open("late", LONG);
    assertThat(ended).containsExactly("late");
    assertThat(late.begin()).isFalse();
  }

  private LongStreams.Stream open(String name, Duration quiet) {
    return streams.open(quiet, () -> ended.add(name));
  }

  private CompletableFuture<Boolean> drain(Duration timeout) {
    return CompletableFuture.supplyAsync(() -> streams.endWhenQuiet(timeout))
        .orTimeout(30, TimeUnit.SECONDS);
  }
}
