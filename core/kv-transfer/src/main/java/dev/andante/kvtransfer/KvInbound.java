package dev.andante.kvtransfer;

import static dev.andante.kvtransfer.TransferFailures.reasonOf;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One prompt that arrives; see {@link TransferState} for its life. The first failure ends it: the
 * reservation is given back, once, and everything after that fails with the same reason.
 *
 * <p>The stream that brings it may break: {@link #suspend} leaves the reservation for moments, in
 * which another stream of the same attempt may take it up where this one ended.
 *
 * <p>Threads: any. Runs are stored by the thread that brings them, one at a time. Futures complete
 * on the engine thread, or on the caller's where the answer is known at once.
 */
public final class KvInbound {

  private final Engine engine;
  private final Attempt attempt;
  private final PromptTokens prompt;
  private final KvSource source;
  private final RunStore runs;
  private final CompletableFuture<@Nullable Void> waiting = new CompletableFuture<>();
  private final InboundLife life;
  private final StreamTurns turns = new StreamTurns();

  /**
   * Held while a run is stored, so that what follows it finds it there, whichever stream it is on.
   */
  private final ReentrantLock storing = new ReentrantLock();

  KvInbound(
      Engine engine,
      KvFormat mine,
      KvTransferObserver observer,
      Attempt attempt,
      KvFormat sender,
      PromptTokens prompt,
      Duration patience,
      RunStore runs) {
    this.engine = engine;
    this.attempt = attempt;
    this.prompt = prompt;
    this.source = sourceOf(mine, sender, runs.coding());
    this.runs = runs;
    this.life =
        new InboundLife(
            attempt,
            prompt.ids().length,
            observer,
            made -> {
              var _ = engine.release(made.handle());
            });
    try {
      mine.requireCompatible(sender);
    } catch (EngineException e) {
      var _ = life.fail(e);
      return;
    }
    var _ =
        engine
            .reserve(attempt, prompt, source)
            .whenComplete(
                (made, error) -> {
                  if (error != null && isFull(error) && patience.isPositive()) {
                    await(patience);
                  } else {
                    onReserved(made, error);
                  }
                });
  }

  /** How its runs come. */
  public KvCoding coding() {
    return runs.coding();
  }

  /** Completes, with nothing, if blocks have to be waited for; perhaps never. */
  public CompletableFuture<@Nullable Void> waiting() {
    return waiting.copy();
  }

  /** Completes when blocks are set aside, or with the {@link EngineException} that says why not. */
  public CompletableFuture<KvReservation> reservation() {
    return life.reservation();
  }

  /** The first run that has not come. */
  public long nextSequence() {
    return life.nextSequence();
  }

  public TransferState state() {
    return life.state();
  }

  /** The sender has been told of the commit. */
  public void delivered() {
    life.over();
  }

  /** Told once when nothing more can come; at once if that is so already. */
  void onOver(Runnable told) {
    life.onOver(told);
  }

  /** How many streams have carried it; names the latest one in {@link #suspend}. */
  public int streams() {
    return turns.latest();
  }

  /**
   * Another stream takes it up.
   *
   * @return whether this is the transfer it goes on with, and frames may come
   */
  boolean takeUp(PromptTokens again, KvFormat mine, KvFormat sender, KvCoding coding) {
    return coding == runs.coding()
        && source == sourceOf(mine, sender, coding)
        && prompt.generated() == again.generated()
        && Arrays.equals(prompt.ids(), again.ids())
        && life.goOn(turns::next);
  }

  /**
   * The stream broke, and perhaps its sender with it. Ends the transfer unless frames were due and
   * another stream takes it up soon. Of no effect for a stream that another one has followed.
   *
   * @param stream what {@link #streams} said when it began
   */
  public void suspend(int stream, String reason) {
    KvReservation held = life.held();
    turns.broken(
        stream,
        held == null ? 0 : StreamTurns.patienceMillis(held.leaseMillis()),
        () -> cancel(reason));
  }

  /**
   * Stores a run; the payload is needed no longer when that returns. A sequence number seen before
   * is a no-op; a hole, damage, or a run outside the prompt or the layout fails the transfer as
   * BAD_FRAME.
   *
   * @return the next sequence number expected: everything below it has been stored
   * @throws EngineException why the transfer is over
   */
  public long store(KvRun run) {
    storing.lock();
    try {
      InboundLife.Accepted accepted = life.accept(run, engine.kvLayout(), runs.coding());
      String handle = accepted.handle();
      if (handle != null) {
        runs.put(handle, run);
      }
      return accepted.next();
    } catch (RuntimeException e) {
      throw life.fail(reasonOf(e));
    } catch (Error e) {
      var _ = life.fail(reasonOf(e)); // it was accepted, and is not there
      throw e;
    } finally {
      storing.unlock();
    }
  }

  /**
   * The sender is alive although nothing comes: it computes, or waits for its turn to. Renews the
   * lease; of no effect before the grant and when the transfer is over.
   *
   * @throws EngineException if the reservation is gone
   */
  public void beat() {
    String handle = life.sign();
    if (handle == null) {
      return;
    }
    try {
      engine.renew(handle);
    } catch (RuntimeException e) {
      throw life.fail(reasonOf(e));
    }
  }

  /**
   * Declares everything sent.
   *
   * @param frames how many runs were sent
   * @param tokens how many tokens they and the cached ones make up
   */
  public CompletableFuture<Void> commit(long frames, int tokens) {
    String handle;
    storing.lock();
    try {
      handle = life.complete(frames, tokens);
    } catch (EngineException e) {
      return CompletableFuture.failedFuture(e);
    } finally {
      storing.unlock();
    }
    return orFail(engine.commit(handle)).thenRun(life::committed);
  }

  /**
   * The sender gave up, or was lost, before it heard of the commit. Idempotent; gives the
   * reservation back in any state, also while it is still being made.
   */
  public void cancel(String reason) {
    life.cancel(reason);
  }

  /** KV that was rounded on its way is not what this engine would have computed. */
  private static KvSource sourceOf(KvFormat mine, KvFormat sender, KvCoding coding) {
    return coding == KvCoding.AS_IS ? mine.sourceOf(sender) : KvSource.OTHER;
  }

  private static boolean isFull(Throwable error) {
    return reasonOf(error).code() == Code.SATURATED;
  }

  /** Stands in line for blocks; leaves it when the transfer ends. */
  private void await(Duration patience) {
    CompletableFuture<KvReservation> later = engine.reserveLater(attempt, prompt, source, patience);
    var _ = later.whenComplete(this::onReserved);
    life.onOver(() -> later.cancel(false));
    if (!later.isDone()) {
      waiting.complete(null);
    }
  }

  private void onReserved(@Nullable KvReservation made, @Nullable Throwable error) {
    if (made == null) {
      var _ =
          life.fail(
              error == null
                  ? new EngineException(Code.INTERNAL, "the engine made no reservation")
                  : reasonOf(error));
    } else if (life.grant(made)) {
      watch(made.leaseMillis(), made.leaseMillis());
      life.announce(made);
    }
  }

  /** Ends a transfer whose sender is silent: its lease has run out, so nothing can come of it. */
  private void watch(long leaseMillis, long inMillis) {
    Later.run(
        inMillis,
        () -> {
          long again = life.expireIfSilent(leaseMillis);
          if (again > 0) {
            watch(leaseMillis, again);
          }
        });
  }

  /** What the engine fails at ends the transfer. */
  private CompletableFuture<Void> orFail(CompletableFuture<Void> done) {
    return done.handle(
        (_, error) -> {
          if (error != null) {
            throw life.fail(reasonOf(error));
          }
          return null;
        });
  }
}
