package dev.andante.benchmarks.workers;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.ReleaseReply;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** Streams the answer from where the handle says that prefill left off. */
final class FakeDecode extends DecodeGrpc.DecodeImplBase {

  private final PacedStreams streams;

  FakeDecode(PacedStreams streams) {
    this.streams = streams;
  }

  @Override
  public void decode(DecodeRequest request, StreamObserver<TokenChunk> observer) {
    var call = (ServerCallStreamObserver<TokenChunk>) observer;
    call.setOnCancelHandler(() -> {}); // or a write after a cancel would throw
    int position =
        request.hasTransferred()
            ? Integer.parseInt(request.getTransferred().getKvHandle())
            : request.getLocal().getGenerated();
    streams.start(call, position, request.getStop().getMaxTokens());
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseReply> observer) {
    observer.onNext(ReleaseReply.newBuilder().setReleased(true).build());
    observer.onCompleted();
  }
}
