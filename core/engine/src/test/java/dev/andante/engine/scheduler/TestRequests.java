package dev.andante.engine.scheduler;

import dev.andante.engine.Attempt;
import dev.andante.engine.Engine;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.RequestListener;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.kvcache.BlockPool;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.request.GenerationDelivery;
import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestTimes;
import java.util.Set;

/** Requests that nobody listens to. */
final class TestRequests {

  private TestRequests() {}

  static Request request(BlockPool pool, int blockSize, long arrival, int prompt, int maxTokens) {
    return new Request(
        new Attempt("r" + arrival, 1),
        arrival,
        PromptTokens.of(new int[prompt]),
        SamplingParams.GREEDY,
        new StopParams(maxTokens, 0, true, Set.of()),
        StopMatcher.NONE,
        Set.of(),
        true,
        new GenerationDelivery(RequestListener.NONE),
        new BlockTable(pool, blockSize),
        pool.total() * blockSize,
        new RequestTimes(0, Engine.NO_LIMIT));
  }
}
