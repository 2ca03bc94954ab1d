package dev.andante.simulator.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.DeliveryTimeline;
import dev.andante.qoe.QoeMetric;
import dev.andante.qoe.TokenPacer;
import dev.andante.simulator.events.EventQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Pacing takes nothing from a reader: QoE is that of the tokens as the engine made them. */
class PacingTest {

  @Test
  void qoeBehindThePacerIsThatBeforeIt() {
    SplittableRandom random = new SplittableRandom(3);
    for (int run = 0; run < 50; run++) {
      Session session = new Session(0, TestProfiles.request(0, 100, 200), 0);
      EventQueue<String> events = new EventQueue<>();
      TokenPacer<Integer> pacer =
          new TokenPacer<>(
              session.timeline().reading().spec(),
              0,
              TokenPacer.Start.AT_ONCE,
              TokenPacer.Ending.KEEP_PACE);
      DeliveryTimeline read = new DeliveryTimeline(session.timeline().reading().spec(), 0);
      long at = random.nextLong(3_000_000_000L);
      for (int i = 0; i < 200; i++) {
        events.schedule(at, "token");
        at += random.nextInt(20) == 0 ? 4_000_000_000L : 90_000_000L;
      }
      List<Integer> emitted = new ArrayList<>();
      int made = 0;
      while (!events.isEmpty()) {
        boolean token = events.next().equals("token");
        if (token) {
          session.deliver(events.nanoTime());
          pacer.add(made++, events.nanoTime());
        }
        for (int one : pacer.poll(events.nanoTime())) {
          emitted.add(one);
          read.delivered(events.nanoTime());
        }
        assertThat(emitted.size() + pacer.depth()).isEqualTo(made);
        if (pacer.nextNanos().isPresent()) {
          events.schedule(Math.max(events.nanoTime(), pacer.nextNanos().getAsLong()), "due");
        }
      }
      assertThat(emitted).isSorted().hasSize(200);
      assertThat(read.qoe(QoeMetric.V2, events.nanoTime()))
          .isCloseTo(session.timeline().qoe(QoeMetric.V2, events.nanoTime()), within(1e-6));
    }
  }
}
