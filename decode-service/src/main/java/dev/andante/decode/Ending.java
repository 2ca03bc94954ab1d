package dev.andante.decode;

import dev.andante.engine.FinishReason;
import dev.andante.engine.GenerationStats;
import dev.andante.host.grpc.Requests;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** How a stream of tokens ends once everything pending is out. */
sealed interface Ending {

  /**
   * Writes the last of the stream.
   *
   * @param pending tokens that have not been written
   */
  void write(TokenChunk.Builder pending, StreamObserver<TokenChunk> responses);

  /** The answer is complete, or was aborted. */
  record Finished(FinishReason reason, GenerationStats stats) implements Ending {
    @Override
    public void write(TokenChunk.Builder pending, StreamObserver<TokenChunk> responses) {
      responses.onNext(
          pending
              .setFinishReason(Requests.finishReason(reason))
              .setStats(Requests.stats(stats))
              .build());
      responses.onCompleted();
    }
  }

  /** The answer goes on elsewhere. */
  record Moved(KvMoved where, @Nullable GenerationStats stats) implements Ending {
    @Override
    public void write(TokenChunk.Builder pending, StreamObserver<TokenChunk> responses) {
      pending.setMoved(where);
      if (stats != null) {
        pending.setStats(Requests.stats(stats));
      }
      responses.onNext(pending.build());
      responses.onCompleted();
    }
  }

  /** The answer failed. */
  record Failed(StatusRuntimeException status) implements Ending {
    @Override
    public void write(TokenChunk.Builder pending, StreamObserver<TokenChunk> responses) {
      if (pending.getTokensCount() > 0) {
        responses.onNext(pending.build());
      }
      responses.onError(status);
    }
  }
}
