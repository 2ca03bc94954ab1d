package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Memory is used again, but by nobody while somebody holds it, and little of it is kept. */
class PayloadsTest {

  private static final int MOST_KEPT = 1000;

  private record Held(Payloads.Payload payload, int holders) {}

  /** Whatever is taken, held once more and let go of, and in whatever order. */
  @Property(tries = 300)
  void nobodyGetsWhatAnotherHolds(@ForAll long seed) {
    Random random = new Random(seed);
    Payloads payloads = Payloads.onHeap(MOST_KEPT);
    List<Held> held = new ArrayList<>();
    IdentityHashMap<byte[], Boolean> arrays = new IdentityHashMap<>();
    for (int step = 0; step < 200; step++) {
      if (held.isEmpty() || random.nextInt(3) == 0) {
        int bytes = random.nextInt(300);
        Payloads.Payload taken = payloads.take(bytes);
        assertThat(taken.bytes(0).array().length).isGreaterThanOrEqualTo(bytes);
        assertThat(arrays.put(taken.bytes(0).array(), true)).isNull();
        held.add(new Held(taken, 1));
      } else {
        Held one = held.remove(random.nextInt(held.size()));
        if (random.nextInt(3) == 0) {
          one.payload().hold();
          held.add(new Held(one.payload(), one.holders() + 1));
        } else {
          arrays.remove(one.payload().bytes(0).array());
          one.payload().release();
          if (one.holders() > 1) {
            arrays.put(one.payload().bytes(0).array(), true);
            held.add(new Held(one.payload(), one.holders() - 1));
          }
        }
      }
      assertThat(payloads.keptBytes()).isBetween(0L, (long) MOST_KEPT);
    }
  }

  @Test
  void memoryThatIsTooSmallGivesWay() {
    Payloads payloads = Payloads.onHeap(MOST_KEPT);
    payloads.take(10).release();
    Payloads.Payload large = payloads.take(100);
    assertThat(large.bytes(0).array()).hasSize(100);
    large.release();
    assertThat(payloads.keptBytes()).isEqualTo(100);
    assertThat(payloads.take(10).bytes(0).array()).isSameAs(large.bytes(0).array());
  }

  @Test
  void moreThanMayBeKeptIsNot() {
    Payloads payloads = Payloads.onHeap(MOST_KEPT);
    List<Payloads.Payload> taken = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      taken.add(payloads.take(300));
    }
    taken.add(payloads.take(MOST_KEPT + 1));
    taken.forEach(Payloads.Payload::release);
    assertThat(payloads.keptBytes()).isEqualTo(900);
  }

  @Test
  void lettingGoOnceTooOftenIsAnError() {
    Payloads payloads = Payloads.onHeap(MOST_KEPT);
    Payloads.Payload payload = payloads.take(10);
    payload.release();
    assertThatThrownBy(payload::release).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(payload::hold).isInstanceOf(IllegalStateException.class);
    assertThat(payloads.keptBytes()).isEqualTo(10);
  }
}
