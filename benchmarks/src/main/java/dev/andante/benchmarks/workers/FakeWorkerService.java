package dev.andante.benchmarks.workers;

import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import io.grpc.stub.StreamObserver;

/** Always ready, never full. */
final class FakeWorkerService extends WorkerGrpc.WorkerImplBase {

  private static final int BLOCKS = 1 << 24;

  private final Role role;
  private final FakeModel model;

  FakeWorkerService(Role role, FakeModel model) {
    this.role = role;
    this.model = model;
  }

  @Override
  public void getModelInfo(GetModelInfoRequest request, StreamObserver<ModelInfo> observer) {
    observer.onNext(
        request.getIncludeTokenizer()
            ? model.info()
            : model.info().toBuilder().clearTokenizerJson().build());
    observer.onCompleted();
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> observer) {
    observer.onNext(
        WorkerStatus.newBuilder()
            .setRole(role)
            .setInstance("fake-" + role.getNumber())
            .setReady(true)
            .setFreeBlocks(BLOCKS)
            .setTotalBlocks(BLOCKS)
            .setBlockSize(16)
            .setKvAddress(role == Role.ROLE_DECODE ? "nowhere:1" : "")
            .build());
    observer.onCompleted();
  }
}
