package dev.andante.qoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.TokenPacer.Ending;
import dev.andante.qoe.TokenPacer.Start;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TokenPacerTest {

  private static final long MILLI = 1_000_000L;
  private static final long START = Long.MAX_VALUE - 700 * MILLI;

  /** After everything, on a clock that overflows. */
  private static final long FAR_FUTURE = Long.MIN_VALUE + (1L << 60);

  private static final QoeSpec SPEC = new QoeSpec(1, 5);

  private static long at(long millis) {
    return START + millis * MILLI;
  }

  private static TokenPacer<String> pacer(Start start, Ending ending) {
    return new TokenPacer<>(SPEC, START, start, ending);
  }

  @Test
  void spreadsABurstAtReadingPace() {
    TokenPacer<String> pacer = pacer(Start.AT_ONCE, Ending.FLUSH);
    assertThat(pacer.nextNanos()).isEmpty();
    List.of("a", "b", "c").forEach(token -> pacer.add(token, at(300)));
    assertThat(pacer.depth()).isEqualTo(3);
    assertThat(pacer.slackSeconds()).isCloseTo(0.6, within(1e-12));
    assertThat(pacer.nextNanos()).hasValue(at(300));
    assertThat(pacer.poll(at(300))).containsExactly("a");
    assertThat(pacer.nextNanos()).hasValue(at(500));
    assertThat(pacer.poll(at(499))).isEmpty();
    assertThat(pacer.poll(at(500))).containsExactly("b");
    assertThat(pacer.poll(at(700))).containsExactly("c");
    assertThat(pacer.depth()).isZero();
    assertThat(pacer.slackSeconds()).isZero();
    assertThat(pacer.done()).isFalse();
    pacer.finish();
    assertThat(pacer.done()).isTrue();
  }

  @Test
  void aWholeOfSeveralTokensTakesTheirTime() {
    TokenPacer<String> pacer = pacer(Start.AT_ONCE, Ending.KEEP_PACE);
    pacer.add("abc", at(0), 3);
    pacer.add("", at(0), 0);
    pacer.add("d", at(0));
    assertThat(pacer.depth()).isEqualTo(4);
    assertThat(pacer.slackSeconds()).isCloseTo(0.8, within(1e-12));
    assertThat(pacer.poll(at(599))).containsExactly("abc");
    assertThat(pacer.poll(at(600))).containsExactly("", "d");
    assertThat(pacer.depth()).isZero();
    assertThatThrownBy(() -> pacer.add("e", at(700), -1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aFlushGivesAllAndEndsNothing() {
    TokenPacer<String> pacer = pacer(Start.AT_ONCE, Ending.KEEP_PACE);
    List.of("a", "b", "c").forEach(token -> pacer.add(token, at(0)));
    assertThat(pacer.flush()).containsExactly("a", "b", "c");
    assertThat(pacer.depth()).isZero();
    assertThat(pacer.done()).isFalse();
    pacer.add("d", at(10));
    assertThat(pacer.poll(at(10))).containsExactly("d");
  }

  @Test
  void canHoldTheFirstTokenBackUntilItIsExpected() {
    TokenPacer<String> pacer = pacer(Start.AT_TARGET, Ending.FLUSH);
    pacer.add("a", at(10));
    assertThat(pacer.poll(at(999))).isEmpty();
    assertThat(pacer.nextNanos()).hasValue(at(1000));
    assertThat(pacer.poll(at(1000))).containsExactly("a");
  }

  @Test
  void passesASlowAnswerOnAsItComes() {
    TokenPacer<String> pacer = pacer(Start.AT_ONCE, Ending.FLUSH);
    pacer.add("a", at(1500));
    assertThat(pacer.poll(at(1500))).containsExactly("a");
    pacer.add("b", at(2500));
    assertThat(pacer.poll(at(2500))).containsExactly("b");
  }

  @Test
  void aLatePollCatchesUp() {
    TokenPacer<String> pacer = pacer(Start.AT_ONCE, Ending.FLUSH);
    List.of("a", "b", "c", "d").forEach(token -> pacer.add(token, at(0)));
    assertThat(pacer.poll(at(450))).containsExactly("a", "b", "c");
    assertThat(pacer.nextNanos()).hasValue(at(600));
  }

  @Test
  void flushesAtTheEndOrKeepsThePace() {
    for (Ending ending : Ending.values()) {
      TokenPacer<String> pacer = pacer(Start.AT_ONCE, ending);
      List.of("a", "b", "c").forEach(token -> pacer.add(token, at(100)));
      assertThat(pacer.poll(at(100))).containsExactly("a");
      pacer.finish();
      assertThat(pacer.done()).isFalse();
      if (ending == Ending.FLUSH) {
        assertThat(pacer.nextNanos()).hasValue(at(100));
        assertThat(pacer.poll(at(110))).containsExactly("b", "c");
      } else {
        assertThat(pacer.nextNanos()).hasValue(at(300));
        assertThat(pacer.poll(at(110))).isEmpty();
        assertThat(pacer.poll(at(500))).containsExactly("b", "c");
      }
      assertThat(pacer.done()).isTrue();
      assertThatThrownBy(() -> pacer.add("late", at(600)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void cancellingGivesTheRest() {
    TokenPacer<String> pacer = pacer(Start.AT_TARGET, Ending.KEEP_PACE);
    List.of("a", "b").forEach(token -> pacer.add(token, at(100)));
    assertThat(pacer.cancel()).containsExactly("a", "b");
    assertThat(pacer.done()).isTrue();
    assertThat(pacer.cancel()).isEmpty();
  }

  @Test
  void aClockThatJumpsBackNeitherLosesNorReorders() {
    TokenPacer<String> pacer = pacer(Start.AT_ONCE, Ending.KEEP_PACE);
    pacer.add("a", at(500));
    pacer.add("b", at(100));
    assertThat(pacer.poll(at(-100))).isEmpty();
    assertThat(pacer.poll(at(500))).containsExactly("a");
    assertThat(pacer.poll(at(699))).isEmpty();
    assertThat(pacer.poll(at(700))).containsExactly("b");
  }

  /** A poll at each moment that the pacer names: the emissions of the definition. */
  @Property
  void emitsAsDefined(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(max = 1000) Integer> gaps,
      @ForAll @Scale(4) @DoubleRange(min = 0.5, max = 50) double pace,
      @ForAll Start start) {
    QoeSpec spec = new QoeSpec(0.8, pace);
    TokenPacer<Integer> pacer = new TokenPacer<>(spec, START, start, Ending.KEEP_PACE);
    List<Long> arrivals = new ArrayList<>();
    List<Long> emissions = new ArrayList<>();
    List<Integer> emitted = new ArrayList<>();
    long time = 0;
    for (int token = 0; token < gaps.size(); token++) {
      time += gaps.get(token) * MILLI;
      drainUntil(START + time, pacer, emitted, emissions);
      pacer.add(token, START + time);
      arrivals.add(time);
      assertThat(emitted.size() + pacer.depth()).as("no loss").isEqualTo(token + 1);
    }
    pacer.finish();
    drainUntil(FAR_FUTURE, pacer, emitted, emissions);

    assertThat(pacer.done()).isTrue();
    assertThat(emitted).as("order").isSorted().doesNotHaveDuplicates().hasSameSizeAs(gaps);
    double gapNanos = 1e9 / pace;
    for (int i = 0; i < emissions.size(); i++) {
      long emission = emissions.get(i);
      double arrival = arrivals.get(i).doubleValue();
      double earliest =
          i > 0 ? emissions.get(i - 1) + gapNanos : start == Start.AT_TARGET ? 800 * MILLI : 0;
      assertThat((double) emission)
          .as("emission %s", i)
          .isCloseTo(Math.max(arrival, earliest), within(1.5));
      assertThat((double) emission).isGreaterThanOrEqualTo(arrival);
      assertThat((double) emission).isGreaterThanOrEqualTo(Math.floor(earliest));
    }
  }

  private static void drainUntil(
      long until, TokenPacer<Integer> pacer, List<Integer> emitted, List<Long> emissions) {
    while (pacer.nextNanos().isPresent()) {
      long next = pacer.nextNanos().getAsLong();
      if (next - until >= 0) {
        return;
      }
      List<Integer> due = pacer.poll(next);
      assertThat(due).isNotEmpty();
      assertThat(pacer.poll(next)).isEmpty();
      emitted.addAll(due);
      due.forEach(token -> emissions.add(next - START));
    }
  }

  /** Pacing costs the reader nothing: QoE is that of the unpaced answer. */
  @Property
  void costsNoQuality(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(max = 800) Integer> gaps,
      @ForAll Start start) {
    TokenPacer<Integer> pacer = new TokenPacer<>(SPEC, START, start, Ending.KEEP_PACE);
    DeliveryTimeline arrived = new DeliveryTimeline(SPEC, START);
    DeliveryTimeline shown = new DeliveryTimeline(SPEC, START);
    List<Long> emissions = new ArrayList<>();
    long time = 0;
    for (int gap : gaps) {
      time += gap * MILLI;
      drainUntil(START + time, pacer, new ArrayList<>(), emissions);
      pacer.add(0, START + time);
      arrived.delivered(START + time);
    }
    drainUntil(FAR_FUTURE, pacer, new ArrayList<>(), emissions);
    emissions.forEach(emission -> shown.delivered(START + emission));
    arrived.finish();
    shown.finish();
    assertThat(shown.qoe(QoeMetric.V2, START))
        .isCloseTo(arrived.qoe(QoeMetric.V2, START), within(1e-6));
  }
}
