package dev.andante.expert;

import dev.andante.protocol.v1.GetStatusRequest;
import dev.andante.protocol.v1.Role;
import dev.andante.protocol.v1.WorkerGrpc;
import dev.andante.protocol.v1.WorkerStatus;
import dev.andante.service.state.ServiceState;
import io.grpc.stub.StreamObserver;
import java.util.UUID;

/**
 * What the expert role tells about itself; of its model it tells through {@code Expert.GetShard}.
 */
final class ExpertWorkerService extends WorkerGrpc.WorkerImplBase {

  private final ServiceState state;
  private final String instance = "expert-" + UUID.randomUUID();

  ExpertWorkerService(ServiceState state) {
    this.state = state;
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<WorkerStatus> reply) {
    reply.onNext(
        WorkerStatus.newBuilder()
            .setRole(Role.ROLE_EXPERT)
            .setInstance(instance)
            .setReady(state.ready())
            .setDraining(state.draining())
            .build());
    reply.onCompleted();
  }
}
