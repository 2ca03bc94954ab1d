package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvReservation;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** Whatever comes in whatever order, against a model of a few lines. */
class InboundLifePropertyTest {

  private static final int PROMPT = 8;
  private static final int BLOCK = FakeEngine.LAYOUT.blockSize();
  private static final KvReservation GRANT = new KvReservation("r#0", 1_000, 0);

  /** What may happen to a transfer. */
  enum Event {
    GRANT,
    NEXT_RUN,
    NEXT_RUN_AGAIN, // so that most sequences get somewhere
    REPEATED_RUN,
    DAMAGED_RUN,
    RUN_TOO_FAR,
    SIGN_OF_LIFE,
    ANOTHER_STREAM,
    COMMIT,
    COMMIT_TOO_SOON,
    CANCEL,
    SILENCE
  }

  /** What ought to be. */
  private static final class Model {
    TransferState state = TransferState.OPEN;
    boolean granted;
    int runs;
    int releases;

    void end(TransferState how) {
      if (!state.over()) {
        state = how;
        releases += granted ? 1 : 0;
      }
    }

    /** Whether the run is taken. */
    boolean run(boolean repeated, boolean good) {
      if (repeated && state == TransferState.COMMITTED) { // of the stream before
        return true;
      }
      if (!state.receiving()) {
        end(TransferState.FAILED);
        return false;
      }
      if (repeated) {
        return true;
      }
      if (!good) {
        end(TransferState.FAILED);
        return false;
      }
      state = TransferState.STREAMING;
      runs++;
      return true;
    }

    /** Whether it is committed. */
    boolean commit(boolean whole) {
      if (whole && (state.receiving() || state == TransferState.COMMITTED)) {
        state = TransferState.COMMITTED;
        return true;
      }
      end(TransferState.FAILED);
      return false;
    }
  }

  @Property
  void itIsWhatTheModelIs(@ForAll @Size(max = 14) List<Event> events) {
    AtomicInteger releases = new AtomicInteger();
    AtomicInteger overs = new AtomicInteger();
    InboundLife life =
        new InboundLife(
            new Attempt("r", 0), PROMPT, KvTransferObserver.NONE, _ -> releases.incrementAndGet());
    life.onOver(overs::incrementAndGet);
    Model model = new Model();
    for (Event event : events) {
      if (event == Event.GRANT && model.granted) {
        continue; // an engine grants once
      }
      assertThat(happens(event, life)).as("%s of %s", event, events).isEqualTo(ought(event, model));
      assertThat(life.state()).as("after %s of %s", event, events).isEqualTo(model.state);
      assertThat(life.nextSequence()).isEqualTo(model.runs);
      assertThat(releases).hasValue(model.releases);
      assertThat(life.held() != null).isEqualTo(model.granted && !model.state.over());
      assertThat(overs).hasValue(model.state.over() ? 1 : 0);
    }
  }

  /** Whether it is taken. */
  private static boolean happens(Event event, InboundLife life) {
    long due = life.nextSequence();
    try {
      switch (event) {
        case GRANT -> {
          return life.grant(GRANT);
        }
        case NEXT_RUN, NEXT_RUN_AGAIN -> accept(life, run(due, due));
        case REPEATED_RUN -> accept(life, run(due - 1, due - 1));
        case DAMAGED_RUN -> {
          KvRun good = run(due, due);
          ByteBuffer damaged = ByteBuffer.allocate(good.payload().remaining()).put(0, (byte) 77);
          accept(
              life,
              new KvRun(due, good.firstToken(), BLOCK, 0, good.layers(), good.crc32c(), damaged));
        }
        case RUN_TOO_FAR -> accept(life, run(due + 1, due));
        case SIGN_OF_LIFE -> {
          return life.sign() != null;
        }
        case ANOTHER_STREAM -> {
          return life.goOn(() -> {});
        }
        case COMMIT -> {
          life.complete(due, PROMPT);
          life.committed();
        }
        case COMMIT_TOO_SOON -> life.complete(due + 1, PROMPT);
        case CANCEL -> life.cancel("left");
        case SILENCE -> {
          return life.expireIfSilent(0) == 0;
        }
      }
      return true;
    } catch (EngineException e) {
      return false;
    }
  }

  /** The same, as it should be. */
  private static boolean ought(Event event, Model model) {
    boolean more = model.runs < PROMPT / BLOCK;
    return switch (event) {
      case GRANT -> {
        model.granted = true;
        if (model.state.over()) {
          model.releases++;
          yield false;
        }
        model.state = TransferState.RESERVED;
        yield true;
      }
      case NEXT_RUN, NEXT_RUN_AGAIN -> model.run(false, more);
      case REPEATED_RUN -> model.run(model.runs > 0, false);
      case DAMAGED_RUN, RUN_TOO_FAR -> model.run(false, false);
      case SIGN_OF_LIFE -> model.state.receiving();
      case ANOTHER_STREAM -> model.state.receiving() || model.state == TransferState.COMMITTED;
      case COMMIT -> model.commit(true);
      case COMMIT_TOO_SOON -> model.commit(false);
      case CANCEL -> {
        model.end(TransferState.FAILED);
        yield true;
      }
      case SILENCE -> {
        if (model.state.receiving()) {
          model.end(TransferState.EXPIRED);
        }
        yield true;
      }
    };
  }

  private static void accept(InboundLife life, KvRun run) {
    var _ = life.accept(run, FakeEngine.LAYOUT, KvCoding.AS_IS);
  }

  /** A block, the {@code place}-th of the prompt. */
  private static KvRun run(long sequence, long place) {
    int first = Math.toIntExact(place * BLOCK);
    byte[] bytes = new byte[Math.toIntExact(FakeEngine.LAYOUT.bytesPerToken() * BLOCK)];
    bytes[0] = 1;
    return KvRun.of(sequence, first, BLOCK, 0, FakeEngine.LAYOUT.layers(), ByteBuffer.wrap(bytes));
  }
}
