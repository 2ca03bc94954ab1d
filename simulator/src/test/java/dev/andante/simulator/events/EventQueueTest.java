package dev.andante.simulator.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventQueueTest {

  private final EventQueue<String> queue = new EventQueue<>();

  @Test
  void eventsComeByTimeAndThenAsTheyWereScheduled() {
    queue.schedule(20, "c");
    queue.schedule(10, "a");
    queue.schedule(20, "d");
    queue.schedule(10, "b");
    List<String> order = new ArrayList<>();
    while (!queue.isEmpty()) {
      order.add(queue.next() + queue.nanoTime());
    }
    assertThat(order).containsExactly("a10", "b10", "c20", "d20");
  }

  @Test
  void nothingHappensInThePast() {
    queue.schedule(5, "a");
    queue.next();
    queue.schedule(5, "now");
    assertThatThrownBy(() -> queue.schedule(4, "late")).hasMessage("at 5 ns, 4 ns is past");
  }

  @Test
  void logsAreEqualIfAllThatHappenedIs() {
    assertThat(log(1, 2)).isEqualTo(log(1, 2)).hasSize(64);
    assertThat(log(1, 2)).isNotEqualTo(log(2, 1));
  }

  private static String log(long first, long second) {
    EventLog log = new EventLog();
    log.add(first, 1, 0, 0);
    log.add(second, 1, 0, 0);
    assertThat(log.entries()).isEqualTo(2);
    return log.hash();
  }
}
