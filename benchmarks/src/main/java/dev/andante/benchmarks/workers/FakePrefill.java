package dev.andante.benchmarks.workers;

import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import io.grpc.stub.StreamObserver;

/** Answers at once, whatever the prompt. */
final class FakePrefill extends PrefillGrpc.PrefillImplBase {

  private final FakeModel model;

  FakePrefill(FakeModel model) {
    this.model = model;
  }

  @Override
  public void prefill(PrefillRequest request, StreamObserver<PrefillReply> observer) {
    boolean last = request.getGenerated() + 1 >= request.getStop().getMaxTokens();
    observer.onNext(
        PrefillReply.newBuilder()
            .setFirstToken(model.token(request.getGenerated()))
            .setKvHandle(Integer.toString(request.getGenerated() + 1))
            .setFinishReason(
                last ? FinishReason.FINISH_REASON_LENGTH : FinishReason.FINISH_REASON_UNSPECIFIED)
            .build());
    observer.onCompleted();
  }
}
