package dev.andante.engine.runtime;

import dev.andante.engine.Attempt;
import dev.andante.engine.ForkRequest;
import dev.andante.engine.GenerationRequest;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PrefillListener;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.Reader;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.TransferredRequest;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.request.Delivery;
import dev.andante.engine.request.GenerationDelivery;
import dev.andante.engine.request.PrefillDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestTimes;
import dev.andante.engine.transfer.Transfer;
import java.util.Arrays;
import java.util.Set;

/** Makes requests of what is asked for, each later than those before. Nobody knows them yet. */
final class NewRequests {

  private final Set<Integer> endTokenIds;
  private final int maxLength;
  private long arrivals;

  NewRequests(Set<Integer> endTokenIds, int maxLength) {
    this.endTokenIds = endTokenIds;
    this.maxLength = maxLength;
  }

  /**
   * @param blocks without any
   */
  Request of(GenerationRequest given, BlockTable blocks, RequestListener listener, long submitted) {
    return make(
        given.attempt(),
        given.prompt(),
        given.sampling(),
        given.stop(),
        given.stopMatcher(),
        given.speculate(),
        new GenerationDelivery(listener),
        blocks,
        new RequestTimes(submitted, given.timeLeft()),
        given.priority(),
        given.reader());
  }

  /**
   * @param blocks without any
   */
  Request of(PrefillJob given, BlockTable blocks, PrefillListener listener, long submitted) {
    return make(
        given.attempt(),
        given.prompt(),
        given.sampling(),
        given.stop(),
        StopMatcher.NONE,
        false,
        new PrefillDelivery(listener, given.kvFrom()),
        blocks,
        new RequestTimes(submitted, given.timeLeft()),
        given.priority(),
        given.reader());
  }

  /**
   * Of KV that came from elsewhere.
   *
   * @param tokens of the transfer, and those that followed
   */
  Request of(
      TransferredRequest given,
      Transfer transfer,
      int[] tokens,
      RequestListener listener,
      RequestTimes times) {
    PromptTokens arrived = transfer.prompt();
    return make(
        given.attempt(),
        new PromptTokens(tokens, arrived.generated() + tokens.length - arrived.ids().length),
        given.sampling(),
        given.stop(),
        given.stopMatcher(),
        given.speculate(),
        new GenerationDelivery(listener),
        transfer.blocks(),
        times,
        given.priority(),
        given.reader());
  }

  /**
   * Of what another one begins with.
   *
   * @param parent has as many tokens
   */
  Request of(
      ForkRequest given,
      Request parent,
      BlockTable blocks,
      RequestListener listener,
      long submitted) {
    int[] tokens = Arrays.copyOf(parent.tokens(), given.tokens());
    return make(
        given.attempt(),
        new PromptTokens(tokens, Math.max(0, tokens.length - parent.promptSize())),
        given.sampling(),
        given.stop(),
        given.stopMatcher(),
        given.speculate(),
        new GenerationDelivery(listener),
        blocks,
        new RequestTimes(submitted, given.timeLeft()),
        given.priority(),
        given.reader());
  }

  private Request make(
      Attempt attempt,
      PromptTokens tokens,
      SamplingParams sampling,
      StopParams stop,
      StopMatcher matcher,
      boolean speculate,
      Delivery delivery,
      BlockTable blocks,
      RequestTimes times,
      int priority,
      Reader reader) {
    Request request =
        new Request(
            attempt,
            arrivals++,
            tokens,
            sampling,
            stop,
            matcher,
            endTokenIds,
            speculate,
            delivery,
            blocks,
            maxLength,
            times);
    request.standing().priority(priority);
    request.standing().reader(reader);
    return request;
  }
}
