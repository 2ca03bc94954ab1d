package dev.andante.engine.runtime;

import dev.andante.engine.AnswerKv;
import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvSink;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.request.Request;
import java.util.Arrays;

/**
 * Reads the KV of answers under way. KV of a token never changes once it is there, so what is read
 * between steps fits what is read later; it may go away when the request is preempted or ends.
 */
final class KvReadout {

  private final ActiveRequests active;
  private final StepRunner runner;

  KvReadout(ActiveRequests active, StepRunner runner) {
    this.active = active;
    this.runner = runner;
  }

  /**
   * @throws EngineException UNKNOWN_REQUEST
   */
  AnswerKv of(Attempt attempt) {
    Request request = active.answer(attempt);
    int computed = request.computed();
    if (computed < request.promptSize()) {
      throw new EngineException(
          Code.UNKNOWN_REQUEST, attempt + " has no KV of its whole prompt at this time");
    }
    int[] tokens = Arrays.copyOf(request.tokens(), computed);
    return new AnswerKv(
        new PromptTokens(tokens, computed - request.promptSize()),
        request.blocks().isForeign() ? KvSource.OTHER : KvSource.EQUAL);
  }

  /**
   * @throws EngineException UNKNOWN_REQUEST; INTERNAL if the backend or the sink fails
   */
  void read(Attempt attempt, int firstToken, int tokens, KvSink sink) {
    Request request = active.answer(attempt);
    if (firstToken < 0 || tokens < 1 || (long) firstToken + tokens > request.computed()) {
      throw new EngineException(
          Code.UNKNOWN_REQUEST,
          attempt + " has KV of " + request.computed() + " tokens at this time");
    }
    runner.readKv(request.blocks(), firstToken, firstToken + tokens, sink);
  }
}
