package dev.andante.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.EngineObserver;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ByPriorityTest {

  private static Server server(int blocks, int maxSequences) {
    return new Server(
        blocks,
        64,
        maxSequences,
        server -> new ByPriority(Duration.ofSeconds(2), server.clock, EngineObserver.NONE));
  }

  @Test
  void theMostUrgentGoesFirstAndEqualsByArrival() {
    Server server = server(100, 1);
    Request low = server.add(2, 2, -1);
    Request usual = server.add(2, 2);
    Request alsoUsual = server.add(2, 2);
    Request high = server.add(2, 2, 50);
    server.runDry(1);
    assertThat(server.finished).containsExactly(high, usual, alsoUsual, low);
  }

  @Test
  void noPriorityIsTooGreatOrTooSmall() {
    Server server = server(100, 1);
    Request least = server.add(2, 2, Integer.MIN_VALUE);
    Request little = server.add(2, 2, -1000);
    Request most = server.add(2, 2, Integer.MAX_VALUE);
    server.step(1);
    server.runDry(1);
    assertThat(server.finished).containsExactly(most, little, least);
  }

  @Test
  void anUrgentOneTakesThePlaceOfALessUrgentOne() {
    Server server = server(100, 1);
    Request low = server.add(2, 10, -1);
    server.step(1);
    Request high = server.add(2, 2, 1);
    server.step(1);
    assertThat(low.state()).isEqualTo(RequestState.PAUSED);
    server.runDry(1);
    assertThat(server.finished).containsExactly(high, low);
    assertThat(server.rows(low)).as("nothing is computed twice").isEqualTo(2 + 9);
  }

  @Test
  void equalsTakeNothingFromEachOther() {
    Server server = server(100, 1);
    Request first = server.add(2, 10, 1);
    server.step(1);
    server.add(2, 10, 1);
    server.step(1);
    assertThat(first.state()).isEqualTo(RequestState.RUNNING);
  }

  @Test
  void aPromptUnderWayKeepsItsBlocksUntilItsFirstToken() {
    Server server = server(40, 2);
    Request low = server.add(100, 10, -1);
    server.step(1);
    Request high = server.add(100, 2, 1);
    assertThat(server.step(1).preempted()).isEmpty();
    assertThat(low.generated()).isEqualTo(1);
    assertThat(server.step(1).preempted()).containsExactly(low);
    server.runDry(1);
    assertThat(server.finished).containsExactly(high, low);
  }

  /** Urgent requests come faster than they can be served, and one that is not waits. */
  @Property(tries = 40)
  void nobodyStarves(
      @ForAll @IntRange(min = 1, max = 4) int maxSequences,
      @ForAll @IntRange(min = -100, max = 0) int priority) {
    Server server = server(2000, maxSequences);
    Request starving = server.add(20, 2, priority);
    int steps = 0;
    while (server.rows(starving) == 0) {
      for (int i = 0; i < maxSequences + 1; i++) {
        server.add(2, 3, 100);
      }
      server.step(10);
      steps++;
    }
    assertThat(steps).as("2 s and a step").isLessThanOrEqualTo(201);
  }
}
