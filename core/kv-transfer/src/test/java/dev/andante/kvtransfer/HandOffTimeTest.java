package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.kvtransfer.HandOffTime.Estimate;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class HandOffTimeTest {

  private final AtomicLong clock = new AtomicLong(5);
  private final HandOffTime time = new HandOffTime(clock::get);

  @Test
  void findsTheLine() {
    for (int tokens = 0; tokens < 500; tokens += 10) {
      time.observe(tokens, 2_000_000 + 1_000L * tokens);
    }
    Estimate estimate = time.estimate().orElseThrow();
    assertThat(estimate.baseSeconds()).isCloseTo(2e-3, within(1e-9));
    assertThat(estimate.perTokenSeconds()).isCloseTo(1e-6, within(1e-12));
    assertThat(estimate.samples()).isEqualTo(50);
  }

  @Test
  void followsALinkThatGotSlower() {
    for (int i = 0; i < 1000; i++) {
      time.observe(i % 100, 1_000_000);
    }
    for (int i = 0; i < 200; i++) {
      time.observe(i % 100, 100_000_000);
    }
    assertThat(time.estimate().orElseThrow().baseSeconds()).isGreaterThan(0.09);
  }

  @Test
  void saysNothingOfWhatWasLongAgo() {
    assertThat(time.estimate()).isEmpty();
    time.observe(10, 1_000_000);
    clock.addAndGet(60_000_000_000L);
    assertThat(time.estimate()).isPresent();
    clock.incrementAndGet();
    assertThat(time.estimate()).isEmpty();
    time.observe(10, 5_000_000);
    assertThat(time.estimate()).as("begins anew").contains(new Estimate(5e-3, 0, 1));
  }

  @Test
  void promptsOfOneLengthHaveOneTime() {
    time.observe(64, 3_000_000);
    time.observe(64, 3_000_000);
    assertThat(time.estimate()).contains(new Estimate(3e-3, 0, 2));
  }

  /** However the measurements lie, nothing is ever predicted to be a gain. */
  @Property
  void isNeverNegative(@ForAll long seed) {
    Random random = new Random(seed);
    HandOffTime any = new HandOffTime(() -> 0);
    for (int i = 0; i < 1 + random.nextInt(30); i++) {
      any.observe(random.nextInt(4000), random.nextLong(-5, 1_000_000_000));
      Estimate estimate = any.estimate().orElseThrow();
      assertThat(estimate.baseSeconds()).isGreaterThanOrEqualTo(-1e-9);
      assertThat(estimate.perTokenSeconds()).isNotNegative().isFinite();
    }
  }
}
