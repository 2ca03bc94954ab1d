package dev.andante.decode;

import dev.andante.protocol.v1.Attempt;
import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.LocalPrompt;
import dev.andante.protocol.v1.PrefillGrpc;
import dev.andante.protocol.v1.PrefillReply;
import dev.andante.protocol.v1.PrefillRequest;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenChunk;
import dev.andante.protocol.v1.TransferredPrompt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** What a gateway would call. */
final class Calls {

  static final long DEADLINE_SECONDS = 30;

  private Calls() {}

  /** An answer: its tokens, and the last chunk. */
  record Answer(List<Integer> tokens, TokenChunk last) {}

  static List<Integer> prompt(int length, long seed) {
    Random random = new Random(seed);
    Integer[] ids = new Integer[length];
    Arrays.setAll(ids, i -> random.nextInt(256));
    return List.of(ids);
  }

  static Attempt attempt(String id) {
    return Attempt.newBuilder().setRequestId(id).build();
  }

  static StopParameters stop(int maxTokens) {
    return StopParameters.newBuilder().setMaxTokens(maxTokens).build();
  }

  static PrefillRequest.Builder prefillRequest(
      String id, List<Integer> prompt, int maxTokens, String target) {
    return PrefillRequest.newBuilder()
        .setAttempt(attempt(id))
        .addAllTokens(prompt)
        .setStop(stop(maxTokens))
        .setKvTarget(target);
  }

  static DecodeRequest.Builder local(String id, List<Integer> prompt, int maxTokens) {
    return DecodeRequest.newBuilder()
        .setAttempt(attempt(id))
        .setLocal(LocalPrompt.newBuilder().addAllTokens(prompt))
        .setStop(stop(maxTokens));
  }

  static DecodeRequest.Builder transferred(String id, PrefillReply reply, int maxTokens) {
    return DecodeRequest.newBuilder()
        .setAttempt(attempt(id))
        .setTransferred(
            TransferredPrompt.newBuilder()
                .setKvHandle(reply.getKvHandle())
                .setFirstToken(reply.getFirstToken().getId()))
        .setStop(stop(maxTokens));
  }

  static PrefillReply prefill(Worker worker, PrefillRequest request) {
    return PrefillGrpc.newBlockingStub(worker.channel())
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
        .prefill(request);
  }

  static Answer decode(Worker worker, DecodeRequest request) {
    Iterator<TokenChunk> chunks =
        DecodeGrpc.newBlockingStub(worker.channel())
            .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
            .decode(request);
    List<Integer> tokens = new ArrayList<>();
    TokenChunk last = TokenChunk.getDefaultInstance();
    while (chunks.hasNext()) {
      last = chunks.next();
      last.getTokensList().stream().map(Token::getId).forEach(tokens::add);
    }
    return new Answer(tokens, last);
  }

  /** What Prometheus would read. */
  static String metrics(Worker worker) {
    return get(worker, "/metrics").body();
  }

  static HttpResponse<String> get(Worker worker, String path) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + worker.httpPort() + path))
              .timeout(Duration.ofSeconds(20))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Through both workers; the first token included. */
  static Answer disaggregated(
      Worker prefill,
      Worker decode,
      String id,
      List<Integer> prompt,
      int maxTokens,
      SamplingParameters sampling) {
    PrefillReply reply =
        prefill(
            prefill,
            prefillRequest(id, prompt, maxTokens, decode.address()).setSampling(sampling).build());
    List<Integer> tokens = new ArrayList<>();
    tokens.add(reply.getFirstToken().getId());
    Answer rest = decode(decode, transferred(id, reply, maxTokens).setSampling(sampling).build());
    tokens.addAll(rest.tokens());
    return new Answer(tokens, rest.last());
  }
}
