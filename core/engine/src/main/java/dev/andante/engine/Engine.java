package dev.andante.engine;

import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Serves requests on one model. All methods may be called from any thread and return at once, but
 * for {@link #storeKv}; work happens on the engine thread, but for that and {@link #renew}, which
 * also completes the futures and calls the listeners.
 *
 * <p>Nothing is reserved for a request that is refused. {@link #abort} and {@link #release} are
 * idempotent, and take effect before the next step.
 */
public interface Engine extends AutoCloseable {

  /**
   * The time left to a request that nobody limits. A limit bounds what the engine waits for on the
   * request's behalf, drafts and experts in other processes; ending the request when it passes is
   * the caller's business, with {@link #abort}.
   */
  Duration NO_LIMIT = Duration.ofDays(365);

  KvLayout kvLayout();

  /** Prompt and answer on this engine. Refusals arrive as {@link RequestListener#onFailed}. */
  void generate(GenerationRequest request, RequestListener listener);

  /** Prompt on this engine, answer elsewhere. */
  void prefill(PrefillJob job, PrefillListener listener);

  /**
   * Sets blocks aside for a prompt whose KV will be pushed. What the prefix cache has of the prompt
   * is shared and need not be pushed, and what is pushed may be shared later, unless it comes from
   * other kernels. A newer epoch of the same request releases the older one's reservation.
   *
   * @return fails with {@link EngineException}: SATURATED, STALE_EPOCH, CONTEXT_LENGTH_EXCEEDED
   */
  CompletableFuture<KvReservation> reserve(Attempt attempt, PromptTokens prompt, KvSource source);

  /**
   * As {@link #reserve(Attempt, PromptTokens, KvSource)}, but waits for blocks where there are
   * none. Whoever waits is served in the order of arrival, and before those who do not wait.
   * Cancelling the future withdraws.
   *
   * @param patience how long to wait; SATURATED after that, and at once if too many wait
   */
  CompletableFuture<KvReservation> reserveLater(
      Attempt attempt, PromptTokens prompt, KvSource source, Duration patience);

  /** For KV from kernels like this engine's. */
  default CompletableFuture<KvReservation> reserve(Attempt attempt, PromptTokens prompt) {
    return reserve(attempt, prompt, KvSource.EQUAL);
  }

  /**
   * Stores KV of a run of tokens in a reservation and renews its lease. Storing the same run twice
   * is harmless. Runs may come in any order and may cross block borders; what they have of cached
   * tokens is left out. A bad frame leaves the reservation as it was.
   *
   * <p>The caller's thread copies, while the engine goes on with its steps, if the pool allows it
   * ({@link KvPool#writesBesidePasses}). Else the engine copies between two steps, the caller waits
   * if there are a few to be copied already, and what goes wrong then shows at the commit.
   *
   * @param kv in wire order, exactly as long as the run; needed no longer afterwards
   * @throws EngineException UNKNOWN_KV_HANDLE, LEASE_EXPIRED, BAD_FRAME; INTERNAL if the backend
   *     failed, which ends the reservation; SATURATED if too much waits for the engine; why the
   *     engine ended, if it has
   */
  void storeKv(
      String handle, int firstToken, int tokens, int firstLayer, int layers, MemorySegment kv);

  /**
   * Renews the lease of a reservation whose sender is alive, though it has nothing to store yet.
   *
   * @throws EngineException UNKNOWN_KV_HANDLE, LEASE_EXPIRED; why the engine ended, if it has
   */
  void renew(String handle);

  /**
   * Declares a reservation complete; fails with BAD_FRAME if runs are missing, which may then still
   * be stored. Renews the lease; harmless when repeated.
   */
  CompletableFuture<Void> commit(String handle);

  /**
   * Generates from committed KV. The reservation's blocks become the request's, which joins the
   * batch at the next step. A refusal leaves the reservation to its lease.
   */
  void decode(TransferredRequest request, RequestListener listener);

  /**
   * What is there of an answer under way, for somebody who wants to go on with it elsewhere.
   *
   * @return fails with UNKNOWN_REQUEST if the attempt is not answered here, or waits for its prompt
   */
  CompletableFuture<AnswerKv> answerKv(Attempt attempt);

  /**
   * Reads KV of an answer under way, between two steps.
   *
   * @param tokens at least 1; those of {@link #answerKv} are there, unless it was preempted since
   * @return completes after the sink has had them all, in order; fails with UNKNOWN_REQUEST if they
   *     are not there
   */
  CompletableFuture<Void> readKv(Attempt attempt, int firstToken, int tokens, KvSink sink);

  /**
   * Begins another answer with the KV of one under way. Where there are no blocks for it now it
   * waits for its turn like others. Refusals arrive as {@link RequestListener#onFailed}:
   * UNKNOWN_REQUEST if the other one is not answered here, or has not so many tokens. The two join
   * again by their ends only: the last one to end gives the shared blocks back.
   */
  void fork(ForkRequest request, RequestListener listener);

  /** Gives a reservation back, in whatever state; true if there was one. */
  CompletableFuture<Boolean> release(String handle);

  /**
   * Ends a request of this id and epoch: onFinished(ABORTED), blocks freed before the next step.
   * Unknown ids are ignored.
   */
  void abort(Attempt attempt);

  /**
   * Completes when the engine has warmed up and serves; what is asked before waits until then.
   * Fails with the defect that ended the engine instead.
   */
  CompletableFuture<Void> serving();

  EngineStatus status();

  /**
   * The defect that ended the engine's loop, if one did: everything has been failed with INTERNAL
   * and whatever comes is refused, so the process should report itself unready and be replaced.
   * Answers without waiting for the loop.
   */
  default Optional<Throwable> failure() {
    return Optional.empty();
  }

  /**
   * Fails with {@link IllegalStateException} describing the first inconsistency between blocks,
   * requests and reservations.
   */
  CompletableFuture<Void> checkIntegrity();

  /** Stops accepting, fails what is left with SHUTTING_DOWN, stops the thread, frees the pool. */
  @Override
  void close();
}
