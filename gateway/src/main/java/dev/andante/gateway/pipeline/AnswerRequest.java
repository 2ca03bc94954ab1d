package dev.andante.gateway.pipeline;

import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.qoe.QoeOverride;
import dev.andante.service.grpc.RequestIdentity;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a completion request of either kind asks for, validated but for what depends on the model.
 *
 * @param id unique among all requests, whatever the client calls it
 * @param identity what logs call it, on every leg
 * @param prompts each is answered {@code n} times
 * @param sampling without seed
 * @param seed empty = random; answer i of a prompt samples with seed + i
 * @param stop strings that end the answer and are not part of it
 */
public record AnswerRequest(
    String id,
    RequestIdentity identity,
    List<Prompt> prompts,
    int n,
    TokenLimit maxTokens,
    int minTokens,
    boolean ignoreEos,
    List<Integer> stopTokenIds,
    List<String> stop,
    OptionalLong seed,
    SamplingParameters sampling,
    Extensions extensions) {

  public AnswerRequest {
    prompts = List.copyOf(prompts);
    stopTokenIds = List.copyOf(stopTokenIds);
    stop = List.copyOf(stop);
  }

  /** With what the reader expects where the request itself does not say it. */
  public AnswerRequest unlessSaid(QoeOverride expected) {
    return new AnswerRequest(
        id,
        identity,
        prompts,
        n,
        maxTokens,
        minTokens,
        ignoreEos,
        stopTokenIds,
        stop,
        seed,
        sampling,
        extensions.unlessSaid(expected));
  }

  public int answers() {
    return prompts.size() * n;
  }
}
