package dev.andante.benchmarks.load.client;

import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.Reception;
import dev.andante.benchmarks.report.JsonText;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Sends chats and times their answers. Thread-safe. */
public final class ChatClient implements AutoCloseable {

  private static final int THREADS = 2;
  private static final Duration CONNECT = Duration.ofSeconds(30);

  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT)
          .executor(threads)
          .build();
  private final Duration timeout;
  private final boolean paced;

  /**
   * @param timeout how long a request may take
   * @param paced whether readers of {@link Dialect#ANDANTE} want their tokens at their pace
   */
  public ChatClient(Duration timeout, boolean paced) {
    this.timeout = timeout;
    this.paced = paced;
  }

  /**
   * Finds the model.
   *
   * @throws UnreachableException if the server does not answer or does not have it
   */
  public Target reach(
      URI base, Optional<String> model, Dialect dialect, Map<String, String> headers)
      throws UnreachableException {
    return new Target(base, new Probe(http, base, headers).model(model), dialect, headers);
  }

  /** How to write prompts of a length for a server. */
  public Prompts prompts(Target target, long seed) throws UnreachableException {
    return new Probe(http, target.base(), target.headers()).prompts(seed, target.model());
  }

  /** The body of a request, so that it can be written before the request is due. */
  public byte[] body(Target target, Prompts prompts, Reception reception) {
    String text = prompts.text(reception.index(), reception.demand());
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("model", target.model());
    body.put("messages", List.of(Map.of("role", "user", "content", text)));
    body.put("max_tokens", reception.demand().outputTokens());
    body.put("temperature", 0);
    body.put("stream", true);
    body.put("stream_options", Map.of("include_usage", true));
    if (target.dialect() == Dialect.ANDANTE) {
      body.put("ignore_eos", true);
      body.put("return_token_ids", true);
      Map<String, Object> qoe = new LinkedHashMap<>();
      qoe.put("ttft_ms", Math.round(reception.expectation().ttftSeconds() * 1000));
      qoe.put("tokens_per_second", reception.expectation().tokensPerSecond());
      qoe.put("pacing", paced ? "on" : "off");
      body.put("andante", Map.of("qoe", qoe));
    }
    return JsonText.of(body).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Sends now; the reception has ended when the future completes, which it always does, normally.
   */
  public CompletableFuture<Reception> send(Target target, byte[] body, Reception reception) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(target.at("/v1/chat/completions"))
            .header("Content-Type", "application/json")
            .header("Accept", "text/event-stream")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    target.headers().forEach(request::setHeader);
    reception.sent(System.nanoTime());
    CompletableFuture<HttpResponse<String>> call =
        http.sendAsync(
            request.build(),
            head ->
                head.statusCode() == 200
                    ? new EventReader(reception)
                    : HttpResponse.BodySubscribers.ofString(StandardCharsets.UTF_8));
    return call.copy()
        .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync((response, failure) -> end(reception, call, response, failure), threads);
  }

  private Reception end(
      Reception reception,
      CompletableFuture<?> call,
      @Nullable HttpResponse<String> response,
      @Nullable Throwable failure) {
    long now = System.nanoTime();
    if (response == null) {
      call.cancel(true);
      Throwable cause = cause(failure);
      boolean late = cause instanceof TimeoutException;
      String why = late ? "not done within " + timeout.toSeconds() + " s" : String.valueOf(cause);
      reception.end(now, late ? Outcome.ABORTED : Outcome.FAILED, 0, why);
    } else if (response.statusCode() == 200) {
      boolean whole = response.body().isEmpty();
      reception.end(now, whole ? Outcome.COMPLETED : Outcome.ABORTED, 200, response.body());
    } else {
      boolean full = response.statusCode() == 429;
      reception.end(
          now,
          full ? Outcome.REJECTED : Outcome.FAILED,
          response.statusCode(),
          Probe.brief(response.body()));
    }
    return reception;
  }

  private static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  /** Breaks what is still open. */
  @Override
  public void close() {
    http.shutdownNow();
    threads.shutdownNow();
  }
}
