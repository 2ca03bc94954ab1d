package dev.andante.engine.runtime;

import static dev.andante.testkit.Interleavings.require;

import dev.andante.engine.EngineException;
import dev.andante.testkit.Interleavings;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where any thread meets the engine's: in all orders, not in those that happen to come. */
@Tag("slow")
class MailboxInterleavingsTest {

  @Test
  void aMessageIsTakenOrRefusedOnceWhoeverIsFirst() {
    Interleavings.check(
        () -> {
          Mailbox mailbox = new Mailbox(1);
          AtomicInteger refused = new AtomicInteger();
          List<Mailbox.Message> taken = new ArrayList<>();
          Runnable post =
              () ->
                  mailbox.post(
                      new Mailbox.Message(() -> {}, _ -> refused.incrementAndGet()), false);
          Interleavings.together(
              new Object[] {mailbox, taken},
              post,
              post,
              () -> {
                mailbox.drainTo(taken);
                mailbox.close(new EngineException(EngineException.Code.SHUTTING_DOWN, "over"));
              });
          require(
              taken.size() + refused.get() == 2, taken.size() + " taken, " + refused + " refused");
        });
  }

  @Test
  void whoWaitsIsWoken() {
    Interleavings.check(
        () -> {
          Mailbox mailbox = new Mailbox(4);
          List<Mailbox.Message> taken = new ArrayList<>();
          Interleavings.together(
              new Object[] {mailbox, taken},
              () -> mailbox.post(new Mailbox.Message(() -> {}, _ -> {}), false),
              () -> {
                try {
                  mailbox.await(Long.MAX_VALUE);
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                mailbox.drainTo(taken);
              });
          require(taken.size() == 1, "woken, and nothing was there");
        });
  }
}
