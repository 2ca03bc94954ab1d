package dev.andante.kvtransfer.grpc;

import static dev.andante.testkit.Interleavings.require;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.kvtransfer.KvCoding;
import dev.andante.kvtransfer.LaidOutKv;
import dev.andante.kvtransfer.Payloads;
import dev.andante.testkit.Interleavings;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where threads meet on the way of KV: in all orders, not in those that happen to come. */
@Tag("slow")
class GrpcInterleavingsTest {

  private static final KvLayout LAYOUT = new KvLayout(1, 1, 1, 16, DType.F32);
  private static final int TOKEN = 8;
  private static final LaidOutKv KV = new LaidOutKv(1, MemorySegment.ofArray(new byte[TOKEN]));

  /** What is wrong here is found, or the others would show nothing. */
  @Test
  void aTaskThatLosesRequestsIsFound() {
    assertThatThrownBy(
            () ->
                Interleavings.check(
                    () -> {
                      int[] count = new int[1];
                      Interleavings.together(count, () -> count[0]++, () -> count[0]++);
                      require(count[0] == 2, "lost");
                    }))
        .isInstanceOf(LincheckAssertionError.class);
  }

  @Test
  void aTaskSeesWhatWasThereWhenItWasAskedForAndRunsOneAtATime() {
    Interleavings.check(
        () -> {
          AtomicInteger asked = new AtomicInteger();
          AtomicInteger inside = new AtomicInteger();
          int[] seen = new int[1];
          SerialTask task =
              new SerialTask(
                  Runnable::run,
                  () -> {
                    require(inside.incrementAndGet() == 1, "two at once");
                    seen[0] = asked.get();
                    inside.decrementAndGet();
                  });
          Runnable ask =
              () -> {
                asked.incrementAndGet();
                task.request();
              };
          Interleavings.together(new Object[] {task, seen}, ask, ask);
          require(seen[0] == 2, "a request was lost");
        });
  }

  /** The engine adds, a writer takes, acknowledgements come, and the transfer may be given up. */
  @Test
  void allMemoryOfAQueueComesBackWhoeverIsFirst() {
    Interleavings.check(
        () -> {
          Payloads payloads = Payloads.onHeap(1 << 10);
          SendQueue queue = new SendQueue(payloads, LAYOUT, 2, TOKEN);
          queue.begin(0, KvCoding.AS_IS);
          Interleavings.together(
              queue,
              () -> require(queue.add(0, 1, KV), "no room"),
              () -> {
                SendQueue.Taken taken = queue.take();
                if (taken != null) {
                  taken.memory().release();
                  queue.acknowledged(1);
                }
              },
              queue::drop);
          require(queue.kept() == 0, queue.kept() + " bytes are kept");
          require(payloads.keptBytes() % TOKEN == 0, "part of a payload");
          require(queue.take() == null, "something was left");
        });
  }
}
