package dev.andante.expert;

import dev.andante.model.experts.ExpertShardModel;
import dev.andante.protocol.v1.ExpertBatch;
import dev.andante.protocol.v1.ExpertGrpc;
import dev.andante.protocol.v1.ExpertResult;
import dev.andante.protocol.v1.ExpertShard;
import dev.andante.protocol.v1.GetShardRequest;
import dev.andante.service.grpc.Failures;
import dev.andante.service.state.LongStreams;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Computes batches in the order they come on a stream; streams run beside each other. */
final class ExpertGrpcService extends ExpertGrpc.ExpertImplBase {

  /**
   * A client in the middle of an answer sends a batch per layer and step; one that has sent none
   * for so long has no answer under way.
   */
  private static final Duration QUIET = Duration.ofSeconds(1);

  private final Supplier<ShardState> state;
  private final ExpertProperties properties;
  private final ExpertMetrics metrics;
  private final LongStreams streams;
  private final Runnable afterBackendFailure;

  /**
   * @param state what is loaded now; asked on every call
   * @param afterBackendFailure called when a batch failed for the backend's fault
   */
  ExpertGrpcService(
      Supplier<ShardState> state,
      ExpertProperties properties,
      ExpertMetrics metrics,
      LongStreams streams,
      Runnable afterBackendFailure) {
    this.state = state;
    this.properties = properties;
    this.metrics = metrics;
    this.streams = streams;
    this.afterBackendFailure = afterBackendFailure;
  }

  @Override
  public void getShard(GetShardRequest request, StreamObserver<ExpertShard> reply) {
    switch (state.get()) {
      case ShardState.Loading loading -> reply.onError(notReady());
      case ShardState.Dense dense -> answer(reply, shard(dense.fingerprint(), Optional.empty()));
      case ShardState.Loaded loaded ->
          answer(reply, shard(loaded.shard().fingerprint(), Optional.of(loaded.shard())));
      case ShardState.Lost lost -> reply.onError(lost(lost));
    }
  }

  @Override
  public StreamObserver<ExpertBatch> compute(StreamObserver<ExpertResult> results) {
    ServerCallStreamObserver<ExpertResult> out = (ServerCallStreamObserver<ExpertResult>) results;
    out.disableAutoRequest();
    return switch (state.get()) {
      case ShardState.Loading loading -> refuse(out, notReady());
      case ShardState.Dense dense -> refuse(out, noExperts());
      case ShardState.Lost lost -> refuse(out, lost(lost));
      case ShardState.Loaded loaded -> accept(out, loaded.shard());
    };
  }

  private StreamObserver<ExpertBatch> accept(
      ServerCallStreamObserver<ExpertResult> out, ExpertShardModel shard) {
    out.request(1); // the next batch is read only when this one is answered
    ExpertBatches batches = new ExpertBatches(shard, properties.maxRows(), afterBackendFailure);
    ExpertLog log = new ExpertLog();
    LongStreams.Stream stream = streams.open(QUIET, out::onCompleted);
    out.setOnCancelHandler(stream::close);
    return new StreamObserver<>() {
      @Override
      public void onNext(ExpertBatch batch) {
        if (!stream.begin()) {
          return;
        }
        try {
          answer(batch);
        } finally {
          stream.end();
        }
      }

      private void answer(ExpertBatch batch) {
        long start = System.nanoTime();
        ExpertResult result = batches.compute(batch);
        metrics.computed(batch, result, System.nanoTime() - start);
        log.computed(batch, result);
        if (!out.isCancelled()) {
          out.onNext(result);
          out.request(1);
        }
      }

      @Override
      public void onError(Throwable t) {
        // the client is gone; nothing is held for it
      }

      @Override
      public void onCompleted() {
        if (stream.close()) {
          out.onCompleted();
        }
      }
    };
  }

  private static StreamObserver<ExpertBatch> refuse(
      StreamObserver<ExpertResult> out, StatusRuntimeException why) {
    out.onError(why);
    return new Ignoring();
  }

  private static void answer(StreamObserver<ExpertShard> reply, ExpertShard shard) {
    reply.onNext(shard);
    reply.onCompleted();
  }

  private ExpertShard shard(String fingerprint, Optional<ExpertShardModel> model) {
    ExpertShard.Builder shard =
        ExpertShard.newBuilder()
            .setModelFingerprint(fingerprint)
            .setShard(properties.shard())
            .setShards(properties.shards());
    model.ifPresent(m -> shard.addAllExperts(m.experts()).setHiddenSize(m.hiddenSize()));
    return shard.build();
  }

  private static StatusRuntimeException notReady() {
    return Failures.of(
        Status.Code.UNAVAILABLE, "loading", "the experts are still being loaded", true);
  }

  private static StatusRuntimeException lost(ShardState.Lost lost) {
    return Failures.of(Status.Code.UNAVAILABLE, "experts_failed", lost.why(), true);
  }

  private static StatusRuntimeException noExperts() {
    return Failures.of(
        Status.Code.FAILED_PRECONDITION,
        "no_experts",
        "this model is dense: it has no experts to compute",
        false);
  }

  private static final class Ignoring implements StreamObserver<ExpertBatch> {
    @Override
    public void onNext(ExpertBatch batch) {}

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }
}
