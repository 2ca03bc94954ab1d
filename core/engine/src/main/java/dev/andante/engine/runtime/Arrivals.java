package dev.andante.engine.runtime;

import dev.andante.compute.BackendException;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.transfer.Transfers;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * KV that arrives, and signs of life of those who send it. Whoever brings them does the work,
 * beside the engine's steps. Where the pool must not be written then, the engine thread stores
 * between two steps what has been copied meanwhile, and a failure shows when the transfer is
 * committed. Any thread.
 */
final class Arrivals {

  private final Transfers transfers;
  private final boolean besideSteps;
  private final Mailbox mailbox;
  private final Consumer<String> storeFailed;
  private final StagedRuns staged = new StagedRuns();
  private volatile @Nullable EngineException ended;

  /**
   * @param besideSteps whether the pool may be written while the engine computes
   * @param storeFailed told of a handle on the engine thread: the backend failed at it
   */
  Arrivals(
      Transfers transfers, boolean besideSteps, Mailbox mailbox, Consumer<String> storeFailed) {
    this.transfers = transfers;
    this.besideSteps = besideSteps;
    this.mailbox = mailbox;
    this.storeFailed = storeFailed;
  }

  /** The engine has ended, or does so now. */
  void end(EngineException reason) {
    ended = reason;
  }

  /** See {@link dev.andante.engine.Engine#storeKv}. */
  void store(
      String handle, int firstToken, int tokens, int firstLayer, int layers, MemorySegment kv) {
    requireRunning();
    if (besideSteps) {
      atOnce(handle, () -> transfers.store(handle, firstToken, tokens, firstLayer, layers, kv));
    } else {
      MemorySegment memory = staged.take(kv.byteSize());
      MemorySegment copy = memory.asSlice(0, kv.byteSize()).copyFrom(kv);
      post(
          () -> transfers.store(handle, firstToken, tokens, firstLayer, layers, copy),
          handle,
          () -> staged.done(memory));
    }
  }

  /** See {@link dev.andante.engine.Engine#renew}. */
  void renew(String handle) {
    requireRunning();
    atOnce(handle, () -> transfers.renew(handle));
  }

  private void requireRunning() {
    EngineException over = ended;
    if (over != null) {
      throw over;
    }
  }

  private void atOnce(String handle, Runnable arrival) {
    try {
      arrival.run();
    } catch (EngineException e) {
      if (e.getCause() instanceof BackendException) {
        tell(() -> storeFailed.accept(handle));
      }
      requireRunning(); // it may have gone for that
      throw e;
    } catch (RuntimeException e) {
      tell(
          () -> {
            throw e; // a defect: the engine's, too
          });
      throw new EngineException(Code.INTERNAL, "the engine failed: " + e, e);
    }
  }

  /**
   * @param done called once it has been stored, or never will be
   */
  private void post(Runnable store, String handle, Runnable done) {
    AtomicReference<@Nullable EngineException> refused = new AtomicReference<>();
    mailbox.post(
        new Mailbox.Message(
            () -> {
              try {
                store.run();
              } catch (EngineException e) {
                if (e.getCause() instanceof BackendException) {
                  storeFailed.accept(handle);
                }
              } finally {
                done.run();
              }
            },
            reason -> {
              done.run();
              refused.set(reason);
            }),
        false);
    EngineException at = refused.get();
    if (at != null) {
      throw at;
    }
  }

  private void tell(Runnable message) {
    mailbox.post(new Mailbox.Message(message, _ -> {}), true);
  }
}
