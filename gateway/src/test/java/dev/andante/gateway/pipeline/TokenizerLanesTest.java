package dev.andante.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import org.junit.jupiter.api.Test;
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

  @Test
  void longTextsHoldUpNoOthers() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, 1, 5, LONG_ENOUGH);
        BusyLanes busy = new BusyLanes(lanes)) {
      busy.occupy(BusyLanes.LONG, 1, 3);
      assertThat(lanes.run(1, () -> "short").block(LONG_ENOUGH)).isEqualTo("short");
    }
  }

  @Test
  void fullQueuesRefuse() {
    try (TokenizerLanes lanes = new TokenizerLanes(2, 3, 4, LONG_ENOUGH);
        BusyLanes busy = new BusyLanes(lanes)) {
      busy.occupy(BusyLanes.SHORT, 2, 3).occupy(BusyLanes.LONG, 1, 4);
      refused(lanes, BusyLanes.SHORT, DropReason.SATURATED);
      refused(lanes, BusyLanes.LONG, DropReason.SATURATED);
    }
  }

  @Test
  void afterwardsThereIsRoomAgain() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, 1, 1, LONG_ENOUGH)) {
      try (BusyLanes busy = new BusyLanes(lanes)) {
        busy.occupy(BusyLanes.SHORT, 1, 1);
        refused(lanes, BusyLanes.SHORT, DropReason.SATURATED);
      }
      Retry again = Retry.fixedDelay(1000, Duration.ofMillis(5));
      assertThat(lanes.run(1, () -> "a").retryWhen(again).block(LONG_ENOUGH)).isEqualTo("a");
    }
  }

  @Test
  void whatTakesTooLongIsGivenUp() {
    try (TokenizerLanes lanes = new TokenizerLanes(1, 5, 5, Duration.ofMillis(50));
        BusyLanes busy = new BusyLanes(lanes)) {
      busy.occupy(BusyLanes.LONG, 1, 0);
      refused(lanes, BusyLanes.LONG, DropReason.TTL_EXPIRED);
    }
  }
}
