package dev.andante.engine.runtime;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.scheduler.Scheduler;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Requests from when they are known to when they are over, and what their listeners hear of that.
 * Engine thread.
 */
final class RequestLife {

  private static final System.Logger LOG = System.getLogger(RequestLife.class.getName());

  private final ActiveRequests active;
  private final Scheduler scheduler;
  private final DraftBook drafts;
  private final EngineObserver observer;
  private final LongSupplier nanoTime;

  RequestLife(
      ActiveRequests active,
      Scheduler scheduler,
      DraftBook drafts,
      EngineObserver observer,
      LongSupplier nanoTime) {
    this.active = active;
    this.scheduler = scheduler;
    this.drafts = drafts;
    this.observer = observer;
    this.nanoTime = nanoTime;
  }

  /** Known from now on; an older attempt of it fails. */
  void register(Request request) {
    overtake(request.attempt(), request.prefillOnly());
    active.add(request);
  }

  /** Fails an older attempt of a request. */
  void overtake(Attempt attempt, boolean prefill) {
    Request old = active.overtakenBy(attempt, prefill);
    if (old != null) {
      failed(old, new EngineException(Code.STALE_EPOCH, "a newer attempt took over"));
    }
  }

  /**
   * Hands tokens to the listener; ends the request if that throws.
   *
   * @return whether it goes on
   */
  boolean tokens(Request request, List<GeneratedToken> tokens) {
    boolean taken = deliver(request, () -> request.delivery().tokens(tokens));
    if (!taken) {
      end(request, RequestState.FAILED);
    }
    return taken;
  }

  /**
   * @param reason null for a prefill job whose answer goes on elsewhere
   */
  void finish(Request request, @Nullable FinishReason reason) {
    end(
        request,
        switch (reason) {
          case STOP -> RequestState.FINISHED_STOP;
          case ABORTED -> RequestState.FINISHED_ABORTED;
          case LENGTH -> RequestState.FINISHED_LENGTH;
          case null -> RequestState.FINISHED_LENGTH;
        });
    GenerationStats stats = request.times().stats(nanoTime.getAsLong());
    deliver(request, () -> request.delivery().finished(reason, stats));
    observer.onFinished(
        reason == null ? FinishReason.LENGTH : reason,
        request.promptSize(),
        request.generated(),
        stats);
  }

  void failed(Request request, EngineException failure) {
    end(request, RequestState.FAILED);
    deliver(request, () -> request.delivery().failed(failure));
  }

  private void end(Request request, RequestState state) {
    request.become(state);
    active.remove(request);
    scheduler.remove(request);
    drafts.ended(request);
  }

  /** A listener that throws loses its request, nobody else's. */
  private static boolean deliver(Request request, Runnable call) {
    try {
      call.run();
      return true;
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "listener of " + request.attempt() + " failed", e);
      return false;
    }
  }
}
