package dev.andante.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

class TokenizerLanesTest {

  private static final Duration LONG_ENOUGH = Duration.ofSeconds(30);

  private static void refused(TokenizerLanes lanes, long bytes, DropReason reason) {
    assertThatThrownBy(() -> lanes.run(bytes, () -> "").block(LONG_ENOUGH))
        .isInstanceOfSatisfying(
            ApiException.class,
            e -> {
              assertThat(e.status()).isEqualTo(429);
              assertThat(e.dropReason()).isEqualTo(reason);
              assertThat(e.retryAfter()).isPositive();
            });
  }

  /** Room for so many texts of {@link BusyLanes} and no more, not even for a tiny one. */
  private static long roomFor(int texts) {
    return texts * TokenizerLanes.LONG;
  }

  @Test
  void longTextsHoldUpNoOthers() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, 1, roomFor(5), LONG_ENOUGH);
        BusyLanes busy = new BusyLanes(lanes)) {
      busy.occupy(BusyLanes.LONG, 1, 3);
      assertThat(lanes.run(1, () -> "short").block(LONG_ENOUGH)).isEqualTo("short");
    }
  }

  @Test
  void fullQueuesRefuse() {
    try (TokenizerLanes lanes = new TokenizerLanes(2, roomFor(8), roomFor(5), LONG_ENOUGH);
        BusyLanes busy = new BusyLanes(lanes)) {
      busy.occupy(BusyLanes.SHORT, 2, 3).occupy(BusyLanes.LONG, 1, 4);
      refused(lanes, BusyLanes.SHORT, DropReason.SATURATED);
      refused(lanes, BusyLanes.LONG, DropReason.SATURATED);
    }
  }

  @Test
  void afterwardsThereIsRoomAgain() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, roomFor(2), 1, LONG_ENOUGH)) {
      try (BusyLanes busy = new BusyLanes(lanes)) {
        busy.occupy(BusyLanes.SHORT, 1, 1);
        refused(lanes, BusyLanes.SHORT, DropReason.SATURATED);
      }
      Retry again = Retry.fixedDelay(1000, Duration.ofMillis(5));
      assertThat(lanes.run(1, () -> "a").retryWhen(again).block(LONG_ENOUGH)).isEqualTo("a");
    }
  }

  @Test
  void aTextOfAnyLengthIsLetInWhereNothingWaits() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, 1, 1, LONG_ENOUGH)) {
      for (int i = 0; i < 3; i++) {
        assertThat(lanes.run(1 << 30, () -> "b").block(LONG_ENOUGH)).isEqualTo("b");
      }
    }
  }

  @Test
  void manyShortTextsFitWhereFewLongOnesDo() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, roomFor(40), 1, LONG_ENOUGH)) {
      List<Mono<String>> waiting =
          IntStream.range(0, 500).mapToObj(i -> lanes.run(10, () -> "c").cache()).toList();
      try (BusyLanes busy = new BusyLanes(lanes)) {
        busy.occupy(BusyLanes.SHORT, 1, 0);
        waiting.forEach(Mono::subscribe);
      }
      assertThat(Flux.merge(waiting).count().block(LONG_ENOUGH)).isEqualTo(500);
    }
  }

  @Test
  void thoseWhoLeaveMakeRoom() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, roomFor(3), 1, LONG_ENOUGH)) {
      Mono<String> stays = lanes.run(BusyLanes.SHORT, () -> "stays").cache();
      try (BusyLanes busy = new BusyLanes(lanes)) {
        busy.occupy(BusyLanes.SHORT, 1, 0);
        for (int i = 0; i < 9; i++) {
          lanes.run(BusyLanes.SHORT, () -> "left").subscribe().dispose();
        }
        stays.subscribe();
      }
      assertThat(stays.block(LONG_ENOUGH)).isEqualTo("stays");
    }
  }

  @Test
  void workThatEndsInAnErrorMakesRoomToo() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, 1, 1, Duration.ofMillis(500))) {
      Mono<String> dies =
          lanes.run(
              BusyLanes.SHORT,
              () -> {
                throw new AssertionError("the test");
              });
      assertThatThrownBy(() -> dies.block(LONG_ENOUGH)).isInstanceOf(ApiException.class);
      assertThat(lanes.run(1, () -> "next").block(LONG_ENOUGH)).isEqualTo("next");
    }
  }

  @Test
  void whatTakesTooLongIsGivenUp() {
    try (TokenizerLanes lanes =
            new TokenizerLanes(1, roomFor(6), roomFor(6), Duration.ofMillis(50));
        BusyLanes busy = new BusyLanes(lanes)) {
      busy.occupy(BusyLanes.LONG, 1, 0);
      refused(lanes, BusyLanes.LONG, DropReason.TTL_EXPIRED);
    }
  }
}
