package dev.andante.kvtransfer;

import static dev.andante.testkit.Interleavings.require;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvReservation;
import dev.andante.testkit.Interleavings;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where threads meet in one transfer: in all orders, not in those that happen to come. */
@Tag("slow")
class InterleavingsTest {

  private static final KvReservation GRANT = new KvReservation("r#0", 1_000, 0);

  private static InboundLife life(AtomicInteger releases) {
    return new InboundLife(
        new Attempt("r", 0), 0, KvTransferObserver.NONE, _ -> releases.incrementAndGet());
  }

  @Test
  void aGrantThatMeetsACancellationIsGivenBackOnce() {
    Interleavings.check(
        () -> {
          AtomicInteger releases = new AtomicInteger();
          InboundLife life = life(releases);
          Interleavings.together(
              life,
              () -> {
                if (life.grant(GRANT)) {
                  life.announce(GRANT);
                }
              },
              () -> life.cancel("left"));
          require(releases.get() == 1, releases + " releases");
          require(life.held() == null, "something is held");
          require(life.state() == TransferState.FAILED, "it is " + life.state());
        });
  }

  @Test
  void aCommitThatMeetsACancellationAndALeaseThatEnds() {
    Interleavings.check(
        () -> {
          AtomicInteger releases = new AtomicInteger();
          InboundLife life = life(releases);
          life.grant(GRANT);
          boolean[] committed = new boolean[1];
          Interleavings.together(
              new Object[] {life, committed},
              () -> {
                try {
                  life.complete(0, 0);
                  life.committed();
                  committed[0] = true;
                } catch (EngineException e) {
                  require(life.state().over(), "refused while it is " + life.state());
                }
              },
              () -> life.cancel("left"),
              () -> life.expireIfSilent(0));
          require(releases.get() == 1, releases + " releases"); // the cancellation always ends it
          require(life.state().over(), "it is " + life.state());
          require(
              !committed[0] || life.state() == TransferState.FAILED,
              "expired though it was committed");
        });
  }

  @Test
  void aPayloadIsUsedAgainOnceItsLastHolderLetsGo() {
    Interleavings.check(
        () -> {
          Payloads payloads = Payloads.onHeap(64);
          Payloads.Payload payload = payloads.take(8);
          payload.hold();
          Interleavings.together(payload, payload::release, payload::release);
          require(payloads.keptBytes() == 8, payloads.keptBytes() + " bytes are kept");
        });
  }
}
