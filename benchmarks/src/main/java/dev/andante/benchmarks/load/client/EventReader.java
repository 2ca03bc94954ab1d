package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.load.measure.Reception;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Reads server-sent events into a {@link Reception}. The body is an empty text once {@code [DONE]}
 * has come and the stream has ended, else what went wrong.
 */
final class EventReader implements HttpResponse.BodySubscriber<String> {

  private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);
  private static final int LONGEST_LINE = 16 << 20;

  private final Reception reception;
  private final CompletableFuture<String> body = new CompletableFuture<>();
  private Flow.@Nullable Subscription subscription;
  private byte[] line = new byte[512];
  private int length;
  private boolean done;
  private String error = "";

  EventReader(Reception reception) {
    this.reception = reception;
  }

  @Override
  public CompletionStage<String> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    given.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    long now = System.nanoTime();
    for (ByteBuffer buffer : buffers) {
      while (buffer.hasRemaining()) {
        byte b = buffer.get();
        if (b == '\n') {
          line(now);
          length = 0;
        } else if (!append(b)) {
          return;
        }
      }
    }
  }

  private boolean append(byte b) {
    if (length == line.length) {
      if (length >= LONGEST_LINE) {
        fail("a line of the stream is longer than " + LONGEST_LINE + " bytes");
        return false;
      }
      line = Arrays.copyOf(line, 2 * length);
    }
    line[length++] = b;
    return true;
  }

  private void line(long now) {
    if (length < DATA.length || !Arrays.equals(line, 0, DATA.length, DATA, 0, DATA.length)) {
      return;
    }
    int from = DATA.length;
    int end = length;
    while (from < end && line[from] == ' ') {
      from++;
    }
    while (end > from && (line[end - 1] == '\r' || line[end - 1] == ' ')) {
      end--;
    }
    if (Arrays.equals(line, from, end, DONE, 0, DONE.length)) {
      done = true;
      return;
    }
    StreamEvent event = StreamEvent.parse(line, from, end - from);
    if (event.tokens() > 0) {
      reception.delivered(now, event.tokens());
    }
    if (event.promptTokens() >= 0) {
      reception.countedPrompt(event.promptTokens());
    }
    if (!event.error().isEmpty() && error.isEmpty()) {
      error = event.error();
    }
  }

  private void fail(String why) {
    if (subscription != null) {
      subscription.cancel();
    }
    body.complete(why);
  }

  @Override
  public void onError(Throwable failure) {
    body.complete("the connection broke: " + failure.getMessage());
  }

  @Override
  public void onComplete() {
    body.complete(!error.isEmpty() ? error : done ? "" : "the stream ended before [DONE]");
  }
}
