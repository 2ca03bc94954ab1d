package dev.andante.decode;

import dev.andante.engine.AnswerKv;
import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.kvtransfer.KvGrant;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.KvSender;
import dev.andante.kvtransfer.KvTransferException;
import dev.andante.kvtransfer.grpc.EngineFailures;
import dev.andante.protocol.v1.KvMoved;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * One answer on its way to another decode worker. The KV that is there at the start is pushed while
 * generation goes on, which never changes it; what comes meanwhile, a few tokens, the other one
 * computes anew.
 *
 * <pre>
 * open the push ──granted──▶ KV is stored there ──▶ the request leaves the batch ──▶ commit ──acknowledged──▶ the stream ends, moved
 *      │                         │                          │                     └─ failed ─▶ the stream fails, retryable
 *      └──── refused ────────────┴─ failed, ended ──────────┴──▶ cancel the push; the answer goes on here
 * </pre>
 *
 * For one virtual thread, which waits.
 */
final class HandOver {

  /** Read out between two steps: little enough not to be felt by who is being answered. */
  private static final int TOKENS_AT_ONCE = 128;

  /** Beyond those, on their way at once: what the link cannot take yet takes memory. */
  private static final long BYTES_UNDER_WAY = 8 << 20;

  private final Engine engine;
  private final Attempt attempt;
  private final TokenStream stream;
  private final long deadline;

  /**
   * @param limit how long it may take
   */
  HandOver(Engine engine, Attempt attempt, TokenStream stream, Duration limit) {
    this.engine = engine;
    this.attempt = attempt;
    this.stream = stream;
    this.deadline = System.nanoTime() + limit.toNanos();
  }

  /**
   * Moves the answer.
   *
   * @param senders of KV from one source or the other
   * @param next attempt that goes on there
   * @throws RuntimeException {@link dev.andante.engine.EngineException} or {@link
   *     KvTransferException} if it was not moved
   */
  void to(String target, Attempt next, Function<KvSource, KvSender> senders) {
    AnswerKv known = await(engine.answerKv(attempt));
    PromptTokens tokens = known.tokens();
    KvOutbound push = senders.apply(known.source()).open(target, next, tokens, left());
    boolean leaving = false;
    try {
      KvGrant grant = await(push.granted());
      send(push, grant.cachedTokens(), tokens.ids().length);
      leaving = true;
      if (!await(stream.leave())) {
        throw new KvTransferException(
            KvTransferException.CANCELLED, "the answer ended before it was moved", false);
      }
      push.commit();
      KvReceipt receipt = await(push.finished());
      stream.moved(
          KvMoved.newBuilder()
              .setKvHandle(receipt.grant().handle())
              .setKvTarget(target)
              .setEpoch(next.epoch())
              .setTokens(tokens.ids().length)
              .build());
    } catch (RuntimeException e) {
      push.cancel("the answer is not handed over");
      if (leaving) {
        stream.failed(
            EngineFailures.toStatus(
                new KvTransferException(
                    KvTransferException.UNAVAILABLE,
                    "the answer could not be handed over: " + e.getMessage(),
                    true,
                    e)));
      }
      throw e;
    }
  }

  /** Returns when the receiver has everything. */
  private void send(KvOutbound push, int from, int end) {
    for (int first = from; first < end; first += TOKENS_AT_ONCE) {
      int count = Math.min(TOKENS_AT_ONCE, end - first);
      await(engine.readKv(attempt, first, count, push::send));
      await(push.keptAtMost(BYTES_UNDER_WAY));
    }
    await(push.keptAtMost(0));
  }

  private Duration left() {
    return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
  }

  private <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(left().toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known
          ? known
          : new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw new KvTransferException(
          KvTransferException.DEADLINE_EXCEEDED, "the hand-over took too long", true, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KvTransferException(
          KvTransferException.CANCELLED, "the hand-over was interrupted", true, e);
    }
  }
}
