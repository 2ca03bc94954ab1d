package dev.andante.draft;

import dev.andante.protocol.v1.GetModelInfoRequest;
import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.grpc.Failures;
import dev.andante.service.state.ServiceState;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.UUID;

/** What the draft role tells about itself; it has no model. */
final class DraftWorkerService extends WorkerGrpc.WorkerImplBase {

  private final ServiceState state;
  private final String instance = "draft-" + UUID.randomUUID();

  DraftWorkerService(ServiceState state) {
    this.state = state;
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> reply) {
    reply.onNext(
        WorkerStatus.newBuilder()
            .setRole(Role.ROLE_DRAFT)
            .setInstance(instance)
            .setReady(state.ready())
            .setDraining(state.draining())
            .build());
    reply.onCompleted();
  }

  @Override
  public void getModelInfo(GetModelInfoRequest request, StreamObserver<ModelInfo> reply) {
    reply.onError(
        Failures.of(
            Status.Code.UNIMPLEMENTED,
            "no_model",
            "the draft role looks prompts up and has no model",
            false));
  }
}
