package dev.andante.gateway.client;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.HandOverReply;
import dev.andante.protocol.v1.HandOverRequest;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.WatchKvRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.GrpcChannels;
import dev.andante.service.grpc.RequestIdentity;
import io.grpc.CallOptions;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/** Every call the gateway makes, by the target's {@code host:port}. */
public final class MeshClient {

  private static final Duration RELEASE_TIMEOUT = Duration.ofSeconds(5);

  private final GrpcChannels channels;

  public MeshClient(GrpcChannels channels) {
    this.channels = channels;
  }

  public Mono<WorkerStatus> status(String target, Duration timeout) {
    return Calls.call(
            channels.channel(target),
            WorkerGrpc.getGetStatusMethod(),
            within(timeout),
            GetStatusRequest.getDefaultInstance())
        .single();
  }

  public Mono<ModelInfo> modelInfo(String target, boolean tokenizer, Duration timeout) {
    return Calls.call(
            channels.channel(target),
            WorkerGrpc.getGetModelInfoMethod(),
            within(timeout),
            GetModelInfoRequest.newBuilder().setIncludeTokenizer(tokenizer).build())
        .single();
  }

  /** What a worker's prefix cache holds and each change, until it stops or the caller cancels. */
  public Flux<KvChanges> watchKv(String target) {
    return Calls.call(
        channels.channel(target),
        WorkerGrpc.getWatchKvMethod(),
        CallOptions.DEFAULT,
        WatchKvRequest.getDefaultInstance());
  }

  public Mono<PrefillReply> prefill(
      String target, PrefillRequest request, Deadline deadline, RequestIdentity identity) {
    return Calls.call(
            channels.channel(target),
            PrefillGrpc.getPrefillMethod(),
            Calls.options(deadline, identity),
            request)
        .single();
  }

  /**
   * The answer's tokens. A call that transferred KV and ends before its first chunk also releases
   * the reservation: the worker may never have seen the call.
   */
  public Flux<TokenChunk> decode(
      String target, DecodeRequest request, Deadline deadline, RequestIdentity identity) {
    Flux<TokenChunk> chunks =
        Calls.call(
            channels.channel(target),
            DecodeGrpc.getDecodeMethod(),
            Calls.options(deadline, identity),
            request);
    if (!request.hasTransferred()) {
      return chunks;
    }
    String handle = request.getTransferred().getKvHandle();
    return Flux.defer(
        () -> {
          AtomicBoolean started = new AtomicBoolean();
          return chunks
              .doOnNext(chunk -> started.set(true))
              .doFinally(
                  signal -> {
                    if (signal != SignalType.ON_COMPLETE && !started.get()) {
                      release(target, handle, identity);
                    }
                  });
        });
  }

  /** Has a worker that stops move an answer under way; its stream ends when that is done. */
  public Mono<HandOverReply> handOver(
      String target, HandOverRequest request, Deadline deadline, RequestIdentity identity) {
    return Calls.call(
            channels.channel(target),
            DecodeGrpc.getHandOverMethod(),
            Calls.options(deadline, identity),
            request)
        .single();
  }

  /** Gives a reservation back; does not wait, and leaves a failure to the reservation's lease. */
  public void release(String target, String kvHandle, RequestIdentity identity) {
    Calls.call(
            channels.channel(target),
            DecodeGrpc.getReleaseMethod(),
            Calls.options(
                Deadline.after(RELEASE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS), identity),
            ReleaseRequest.newBuilder().setKvHandle(kvHandle).build())
        .subscribe(reply -> {}, error -> {});
  }

  private static CallOptions within(Duration timeout) {
    return CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }
}
