package dev.andante.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.Attempt;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.protocol.v1.KvMoved;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.service.grpc.Failures;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Writing is done by the caller here: what is sent when is exact. */
class TokenStreamTest {

  private static final GenerationStats STATS = new GenerationStats(0, 0, 0, 0, 1, 2, 3);

  private final Reader reader = new Reader();
  private final List<String> aborts = new ArrayList<>();
  private final TokenStream stream =
      new TokenStream(
          new Attempt("r", 0), reader, Runnable::run, 10, () -> aborts.add("abort"), _ -> {});

  @Test
  void tokensPassAsTheyCome() {
    stream.start(() -> {});
    stream.onTokens(tokens(1));
    stream.onTokens(tokens(2));
    stream.onFinished(FinishReason.STOP, STATS);
    assertThat(reader.sizes()).containsExactly(1, 2, 0);
    assertThat(reader.chunks.getLast().getStats().getDecodeMicros()).isEqualTo(3);
    assertThat(reader.completed).isTrue();
  }

  @Test
  void whatPilesUpGoesInOneChunk() {
    stream.start(() -> {});
    reader.ready = false;
    stream.onTokens(tokens(2));
    stream.onTokens(tokens(3));
    assertThat(reader.chunks).isEmpty();
    reader.read();
    assertThat(reader.sizes()).containsExactly(5);
  }

  @Test
  void theEndWaitsForTheReader() {
    stream.start(() -> {});
    reader.ready = false;
    stream.onTokens(tokens(2));
    stream.onFinished(FinishReason.LENGTH, STATS);
    assertThat(reader.completed).isFalse();
    reader.read();
    assertThat(reader.sizes()).containsExactly(2);
    assertThat(reader.completed).isTrue();
  }

  @Test
  void aReaderThatStallsIsCutOff() {
    stream.start(() -> {});
    reader.ready = false;
    stream.onTokens(tokens(8));
    stream.onTokens(tokens(3));
    assertThat(aborts).hasSize(1);
    Throwable error = reader.error;
    assertThat(error).isNotNull();
    assertThat(Failures.from(error).getCode()).isEqualTo("reader_too_slow");
    stream.onTokens(tokens(1));
    stream.onFinished(FinishReason.ABORTED, STATS);
    assertThat(reader.chunks).isEmpty();
  }

  @Test
  void cancellingAbortsAndSilences() {
    stream.start(() -> {});
    reader.cancel();
    stream.onTokens(tokens(1));
    stream.onFinished(FinishReason.ABORTED, STATS);
    assertThat(aborts).hasSize(1);
    assertThat(reader.chunks).isEmpty();
    assertThat(reader.completed).isFalse();
  }

  @Test
  void aCallCancelledBeforeItsRequestIsPostedAbortsIt() {
    List<String> order = new ArrayList<>();
    TokenStream early =
        new TokenStream(
            new Attempt("r", 0), reader, Runnable::run, 10, () -> order.add("abort"), _ -> {});
    reader.cancelled = true;
    early.start(() -> order.add("submit"));
    assertThat(order).containsExactly("submit", "abort");
  }

  private static final KvMoved THERE =
      KvMoved.newBuilder().setKvHandle("h").setKvTarget("d:1").setEpoch(1).setTokens(9).build();

  @Test
  void anOfferGoesOutAlone() {
    stream.start(() -> {});
    stream.offer();
    stream.onTokens(tokens(1));
    assertThat(reader.sizes()).containsExactly(0, 1);
    assertThat(reader.chunks.stream().map(TokenChunk::getDraining)).containsExactly(true, false);
  }

  @Test
  void whatLeavesEndsWithWhereItWent() {
    List<String> ended = new ArrayList<>();
    stream.whenEnded(() -> ended.add("ended"));
    stream.start(() -> {});
    CompletableFuture<Boolean> left = stream.leave();
    assertThat(aborts).hasSize(1);
    assertThat(stream.leave()).as("once").isCompletedWithValue(false);
    stream.onTokens(tokens(2)); // of the step that was under way
    assertThat(left).isNotDone();
    stream.onFinished(FinishReason.ABORTED, STATS);
    assertThat(left).isCompletedWithValue(true);
    assertThat(reader.completed).isFalse();
    assertThat(ended).isEmpty();
    stream.moved(THERE);
    assertThat(reader.sizes()).containsExactly(2, 0);
    assertThat(reader.chunks.getLast().getMoved()).isEqualTo(THERE);
    assertThat(reader.chunks.getLast().getStats().getDecodeMicros()).isEqualTo(3);
    assertThat(reader.completed).isTrue();
    assertThat(ended).isNotEmpty();
  }

  @Test
  void whatEndsMeanwhileDoesNotLeave() {
    stream.start(() -> {});
    CompletableFuture<Boolean> left = stream.leave();
    stream.onTokens(tokens(1));
    stream.onFinished(FinishReason.STOP, STATS);
    assertThat(left).isCompletedWithValue(false);
    stream.failed(Failures.of(Status.Code.UNAVAILABLE, "unavailable", "too late", true));
    assertThat(reader.completed).isTrue();
    assertThat(reader.error).isNull();
    assertThat(stream.leave()).isCompletedWithValue(false);
  }

  @Test
  void whatHasLeftAndCannotGoOnFails() {
    stream.start(() -> {});
    var _ = stream.leave();
    stream.onFinished(FinishReason.ABORTED, STATS);
    stream.failed(Failures.of(Status.Code.UNAVAILABLE, "unavailable", "it died", true));
    assertThat(reader.error).isNotNull();
    assertThat(reader.completed).isFalse();
  }

  @Test
  void aCallerWhoIsGoneDoesNotLeave() {
    stream.start(() -> {});
    CompletableFuture<Boolean> left = stream.leave();
    reader.cancel();
    assertThat(left).isCompletedWithValue(false);
    stream.onFinished(FinishReason.ABORTED, STATS);
    stream.moved(THERE);
    assertThat(reader.chunks).isEmpty();
  }

  private static List<GeneratedToken> tokens(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new GeneratedToken(i, Float.NaN, List.of()))
        .toList();
  }

  /** A caller who reads when told to. */
  private static final class Reader extends ServerCallStreamObserver<TokenChunk> {
    private final List<TokenChunk> chunks = new ArrayList<>();
    private boolean ready = true;
    private boolean cancelled;
    private boolean completed;
    private @Nullable Throwable error;
    private Runnable onReady = () -> {};
    private Runnable onCancel = () -> {};

    List<Integer> sizes() {
      return chunks.stream().map(TokenChunk::getTokensCount).toList();
    }

    void read() {
      ready = true;
      onReady.run();
    }

    void cancel() {
      cancelled = true;
      onCancel.run();
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {
      onCancel = handler;
    }

    @Override
    public void setCompression(String compression) {}

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {
      onReady = handler;
    }

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void onNext(TokenChunk chunk) {
      chunks.add(chunk);
    }

    @Override
    public void onError(Throwable t) {
      error = t;
    }

    @Override
    public void onCompleted() {
      completed = true;
    }
  }
}
