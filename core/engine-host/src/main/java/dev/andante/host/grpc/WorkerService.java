package dev.andante.host.grpc;

import com.google.protobuf.ByteString;
import dev.andante.engine.EngineStatus;
import dev.andante.engine.events.KvEventLog;
import dev.andante.host.engine.EngineHost;
import dev.andante.host.engine.RunningEngine;
import dev.andante.host.model.LoadedModel;
import dev.andante.kvtransfer.HandOffTime;
import dev.andante.kvtransfer.grpc.KvWire;
import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.KvChanges;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.StepCost;
import dev.andante.protocol.v1.TransferCost;
import dev.andante.protocol.v1.WatchKvRequest;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.Failures;
import dev.andante.service.state.LongStreams;
import dev.andante.service.state.ServiceState;
import dev.andante.service.state.ServiceState.Phase;
import dev.andante.tokenizer.TokenizerSpec;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** What a worker with an engine answers about itself. Never waits for the engine. */
public final class WorkerService extends WorkerGrpc.WorkerImplBase {

  /** About as many as may follow one engine at once. */
  private static final int MAX_WATCHERS = 64;

  private final Role role;
  private final EngineHost host;
  private final ServiceState state;
  private final Supplier<String> kvAddress;
  private final Supplier<Optional<HandOffTime.Estimate>> handOff;
  private final KvEventLog kvEvents;
  private final LongStreams streams;
  private final String instance;

  /**
   * @param kvAddress {@code host:port} where this worker takes KV; "" if it takes none
   * @param handOff what its hand-offs take; empty if that is not known, or it makes none
   * @param kvEvents of the host's engine
   * @param streams where those who watch KV are reported
   */
  public WorkerService(
      Role role,
      EngineHost host,
      ServiceState state,
      Supplier<String> kvAddress,
      Supplier<Optional<HandOffTime.Estimate>> handOff,
      KvEventLog kvEvents,
      LongStreams streams) {
    this.role = role;
    this.host = host;
    this.kvEvents = kvEvents;
    this.streams = streams;
    this.state = state;
    this.kvAddress = kvAddress;
    this.handOff = handOff;
    this.instance =
        role.name().substring("ROLE_".length()).toLowerCase(java.util.Locale.ROOT)
            + "-"
            + UUID.randomUUID().toString().substring(0, 8);
  }

  @Override
  public void getModelInfo(GetModelInfoRequest request, StreamObserver<ModelInfo> responses) {
    RunningEngine running;
    try {
      running = host.require();
    } catch (StatusRuntimeException notReady) {
      responses.onError(notReady);
      return;
    }
    responses.onNext(info(running, request.getIncludeTokenizer()));
    responses.onCompleted();
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> responses) {
    ServiceState.Snapshot snapshot = state.snapshot();
    WorkerStatus.Builder status =
        WorkerStatus.newBuilder()
            .setRole(role)
            .setInstance(instance)
            .setReady(snapshot.phase() == Phase.READY)
            .setDraining(snapshot.phase() == Phase.DRAINING)
            .setKvAddress(kvAddress.get());
    host.current().ifPresent(running -> describe(running, status));
    handOff.get().ifPresent(estimate -> status.setTransferCost(cost(estimate)));
    responses.onNext(status.build());
    responses.onCompleted();
  }

  @Override
  public void watchKv(WatchKvRequest request, StreamObserver<KvChanges> responses) {
    try {
      RunningEngine _ = host.require();
    } catch (StatusRuntimeException notReady) {
      responses.onError(notReady);
      return;
    }
    if (kvEvents.followers() >= MAX_WATCHERS) {
      responses.onError(
          Failures.of(
              Status.Code.RESOURCE_EXHAUSTED,
              "too_many_watchers",
              MAX_WATCHERS + " callers watch this worker's KV already; share one's",
              true));
      return;
    }
    KvWatch.start(
        instance,
        kvEvents,
        (ServerCallStreamObserver<KvChanges>) responses,
        streams,
        task -> Thread.ofVirtual().name("kv-watch").start(task));
  }

  private static void describe(RunningEngine running, WorkerStatus.Builder status) {
    EngineStatus now = running.engine().status();
    status
        .setRunning(now.running())
        .setWaiting(now.waiting())
        .setFreeBlocks(now.freeBlocks())
        .setTotalBlocks(now.totalBlocks())
        .setBlockSize(running.config().blockSize())
        .setQueuedPromptTokens(now.queuedPromptTokens())
        .setKv(KvWire.handshake(running.kvFormat()))
        .setStepCost(cost(now, running.config().maxBatchTokens()));
  }

  private static StepCost cost(EngineStatus now, int maxBatchTokens) {
    return StepCost.newBuilder()
        .setBaseSeconds(now.stepCost().base())
        .setPerRowSeconds(now.stepCost().perRequest())
        .setPerPairSeconds(now.stepCost().perContext())
        .setSamples(now.stepsObserved())
        .setMaxBatchTokens(maxBatchTokens)
        .build();
  }

  private static TransferCost cost(HandOffTime.Estimate estimate) {
    return TransferCost.newBuilder()
        .setBaseSeconds(estimate.baseSeconds())
        .setPerTokenSeconds(estimate.perTokenSeconds())
        .setSamples(estimate.samples())
        .build();
  }

  private static ModelInfo info(RunningEngine running, boolean includeTokenizer) {
    LoadedModel model = running.model();
    // An engine whose pool is smaller than the context serves no more than the pool.
    long poolTokens = (long) running.config().blocks() * running.config().blockSize();
    ModelInfo.Builder info =
        ModelInfo.newBuilder()
            .setName(model.name())
            .setFingerprint(model.model().fingerprint())
            .setContextLength((int) Math.min(model.model().config().contextLength(), poolTokens))
            .setVocabularySize(model.model().config().vocabularySize())
            .setBosTokenId(-1);
    model.tokenizerSpec().ifPresent(spec -> describe(spec, includeTokenizer, info));
    return info.build();
  }

  private static void describe(
      TokenizerSpec spec, boolean includeTokenizer, ModelInfo.Builder info) {
    Arrays.stream(spec.endTokenIds()).forEach(info::addEndTokenIds);
    info.setBosTokenId(spec.bosTokenId().orElse(-1))
        .setAddBos(spec.addBos())
        .setBosToken(spec.bosToken())
        .setEosToken(spec.eosToken());
    if (includeTokenizer) {
      info.setTokenizerJson(ByteString.copyFrom(spec.tokenizerJson()))
          .setChatTemplate(spec.chatTemplate())
          .putAllSpecialTokens(spec.specialTokens());
    }
  }
}
