package dev.andante.benchmarks.workers;

import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Sends tokens of many streams, each at its own times, from one thread. */
final class PacedStreams implements AutoCloseable {

  private final FakeModel model;
  private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
  private volatile double tokensPerSecond = 5;

  PacedStreams(FakeModel model) {
    this.model = model;
  }

  /** For streams that start from now on; 0 = all tokens at once. */
  void pace(double perSecond) {
    if (!(perSecond >= 0 && perSecond <= 1e6)) {
      throw new IllegalArgumentException("a pace is from 0 to 1000000");
    }
    tokensPerSecond = perSecond;
  }

  void start(ServerCallStreamObserver<TokenChunk> call, int position, int maxTokens) {
    double pace = tokensPerSecond;
    Future<?> _ =
        timer.schedule(
            () -> next(call, position, maxTokens, System.nanoTime(), pace),
            pace == 0 ? 0 : (long) (1e9 / pace),
            TimeUnit.NANOSECONDS);
  }

  /** Sends what is due, then waits for when the next one is. */
  private void next(
      ServerCallStreamObserver<TokenChunk> call,
      int position,
      int maxTokens,
      long dueNanos,
      double pace) {
    int at = position;
    while (!call.isCancelled()) {
      boolean last = at + 1 >= maxTokens;
      call.onNext(
          TokenChunk.newBuilder()
              .addTokens(model.token(at++))
              .setFinishReason(
                  last ? FinishReason.FINISH_REASON_LENGTH : FinishReason.FINISH_REASON_UNSPECIFIED)
              .build());
      if (last) {
        call.onCompleted();
        return;
      }
      if (pace > 0) {
        long due = dueNanos + (long) (1e9 / pace);
        int following = at;
        Future<?> _ =
            timer.schedule(
                () -> next(call, following, maxTokens, due, pace),
                Math.max(0, due - System.nanoTime()),
                TimeUnit.NANOSECONDS);
        return;
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
