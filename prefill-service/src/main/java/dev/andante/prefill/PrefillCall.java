package dev.andante.prefill;

import dev.andante.engine.Engine;
import dev.andante.engine.EngineException;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.KvView;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PrefillListener;
import dev.andante.engine.StopMatcher;
import dev.andante.host.grpc.Requests;
import dev.andante.kvtransfer.HandOffTime;
import dev.andante.kvtransfer.KvGrant;
import dev.andante.kvtransfer.KvOutbound;
import dev.andante.kvtransfer.KvReceipt;
import dev.andante.kvtransfer.grpc.EngineFailures;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.service.grpc.Failures;
import dev.andante.service.grpc.LogIds;
import dev.andante.service.grpc.RequestIds;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Prefill call. Ends exactly once, with a reply or an error; whichever way it ends, what it
 * does not need any more on the engine and on the receiver is given up.
 *
 * <pre>
 * open the push ──granted──▶ compute, KV leaves meanwhile ──first token──▶ commit ──acknowledged──▶ reply
 *      │                        │                              └─ answer already over: cancel the push, reply
 *      ├─ told to wait, room to park ──▶ compute, KV stays here ──granted──▶ KV leaves ──▶ commit as above
 *      └────── refused ─────────┴──── push failed, engine failed, cancelled, deadline ──▶ abort both, error
 * </pre>
 */
final class PrefillCall implements PrefillListener {

  private static final Logger LOG = LoggerFactory.getLogger(PrefillCall.class);

  private final Engine engine;
  private final PrefillJob job;
  private final StopMatcher stops;
  private final HandOffTime handOffs;
  private final Parking parking;
  private final ServerCallStreamObserver<PrefillReply> responses;
  private final LogIds logIds;
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicBoolean computing = new AtomicBoolean();
  private volatile @Nullable KvOutbound push;
  private volatile Parking.@Nullable Place parked;
  private volatile @Nullable Outcome outcome;
  private volatile long started;
  private volatile long granted;

  private record Outcome(GeneratedToken token, GenerationStats stats) {}

  /**
   * @param stops has seen what was generated before
   * @param handOffs told what this one takes
   * @param parking for KV that the receiver has no room for yet
   */
  PrefillCall(
      Engine engine,
      PrefillJob job,
      StopMatcher stops,
      HandOffTime handOffs,
      Parking parking,
      ServerCallStreamObserver<PrefillReply> responses) {
    this.engine = engine;
    this.job = job;
    this.stops = stops;
    this.handOffs = handOffs;
    this.parking = parking;
    this.responses = responses;
    this.logIds = RequestIds.forLogs(job.attempt().requestId());
  }

  /**
   * Nothing is computed before the receiver has granted blocks, or has said that it will, and there
   * is room for the KV until then.
   */
  void start(Supplier<KvOutbound> open) {
    responses.setOnCancelHandler(this::onCancelled);
    started = System.nanoTime();
    KvOutbound opened = open.get();
    push = opened;
    if (over.get()) { // cancelled before there was a push to cancel
      opened.cancel("the call is over");
      return;
    }
    var _ = opened.finished().whenComplete(this::onTransferEnded);
    var _ = opened.waiting().thenRun(() -> park(opened));
    var _ = opened.granted().thenAccept(this::onGranted);
  }

  @Override
  public void onKv(int firstToken, int tokens, KvView kv) {
    KvOutbound current = push;
    if (current != null) {
      current.send(firstToken, tokens, kv);
    }
  }

  @Override
  public void onFirstToken(
      GeneratedToken token, @Nullable FinishReason finished, GenerationStats stats) {
    KvOutbound current = push;
    if (current == null) {
      return;
    }
    FinishReason reason = finished != null ? finished : stoppedBy(token);
    if (reason == null) {
      outcome = new Outcome(token, stats);
      current.commit();
      return;
    }
    if (over.compareAndSet(false, true)) {
      current.cancel("the answer ends with its first token");
      reply(replyOf(token, stats).setFinishReason(Requests.finishReason(reason)).build());
    }
  }

  @Override
  public void onFailed(EngineException failure) {
    fail(failure);
  }

  private void park(KvOutbound opened) {
    Parking.Place place =
        parking.take(engine.kvLayout().bytesPerToken() * job.prompt().ids().length);
    if (place == null) {
      return;
    }
    parked = place;
    var _ = opened.granted().whenComplete((_, _) -> place.leave());
    compute(0);
  }

  private void onGranted(KvGrant grant) {
    granted = System.nanoTime();
    compute(grant.cachedTokens());
  }

  /** Once. */
  private void compute(int withoutKvBefore) {
    if (over.get() || !computing.compareAndSet(false, true)) {
      return;
    }
    engine.prefill(job.withoutKvBefore(withoutKvBefore), this);
    if (over.get()) { // ended while the job was being posted, so the abort may have come too early
      engine.abort(job.attempt());
    }
  }

  private void onTransferEnded(@Nullable KvReceipt receipt, @Nullable Throwable failure) {
    Outcome done = outcome;
    if (receipt == null || done == null) {
      fail(failure != null ? failure : new IllegalStateException("committed before computed"));
      return;
    }
    if (over.compareAndSet(false, true)) {
      if (parked == null) { // what a full receiver takes says nothing of the next hand-off
        handOffs.observe(
            job.prompt().ids().length - receipt.grant().cachedTokens(),
            granted - started + receipt.exposedMicros() * 1000);
      }
      reply(
          replyOf(done.token(), done.stats())
              .setKvHandle(receipt.grant().handle())
              .setKvSharedTokens(receipt.grant().cachedTokens())
              .setTransferMicros(receipt.transferMicros())
              .setExposedTransferMicros(receipt.exposedMicros())
              .setKvBytes(receipt.bytes())
              .build());
    }
  }

  private void onCancelled() {
    if (over.compareAndSet(false, true)) {
      giveUp("the caller cancelled, or its deadline passed");
      logged(() -> LOG.info("prefill cancelled"));
    }
  }

  private void fail(Throwable failure) {
    if (over.compareAndSet(false, true)) {
      StatusRuntimeException status = EngineFailures.toStatus(failure);
      giveUp("prefill failed");
      responses.onError(status);
      logged(() -> LOG.warn("prefill failed: {}", Failures.describe(status)));
    }
  }

  private void giveUp(String reason) {
    engine.abort(job.attempt());
    KvOutbound current = push;
    if (current != null) {
      current.cancel(reason);
    }
  }

  private void reply(PrefillReply reply) {
    responses.onNext(reply);
    responses.onCompleted();
    logged(
        () ->
            LOG.info(
                "prefill done: {} tokens, {} cached, grant {} us, queue {} us, compute {} us, transfer {} us"
                    + " ({} exposed), {} bytes, {} tokens not sent since decode had them",
                job.prompt().ids().length,
                reply.getCachedTokens(),
                Math.max(0, granted - started) / 1000,
                reply.getQueueMicros(),
                reply.getComputeMicros(),
                reply.getTransferMicros(),
                reply.getExposedTransferMicros(),
                reply.getKvBytes(),
                reply.getKvSharedTokens()));
  }

  /** The engine knows no text, so a stop string that ends here is found here. */
  private @Nullable FinishReason stoppedBy(GeneratedToken token) {
    boolean stop = stops.accept(token.id());
    return stop && job.prompt().generated() + 1 >= job.stop().minTokens()
        ? FinishReason.STOP
        : null;
  }

  private void logged(Runnable log) {
    logIds.run(log);
  }

  private static PrefillReply.Builder replyOf(GeneratedToken token, GenerationStats stats) {
    return PrefillReply.newBuilder()
        .setFirstToken(Requests.token(token))
        .setCachedTokens(stats.cachedTokens())
        .setQueueMicros(stats.queueMicros())
        .setComputeMicros(stats.prefillMicros());
  }
}
