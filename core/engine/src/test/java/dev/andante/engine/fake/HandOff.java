package dev.andante.engine.fake;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.stop;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.engine.Attempt;
import dev.andante.engine.DraftSource;
import dev.andante.engine.EngineConfig;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.EngineObserver;
import dev.andante.engine.KvReservation;
import dev.andante.engine.PrefillJob;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.TransferredRequest;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.TinyModels;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Prefill on one engine and decode on another, step by step, as a real pair does it. */
public final class HandOff {

  /** Tokens of each answer, at most. */
  public static final int ANSWER = 14;

  /** Chunks of 7, so that they begin inside blocks. */
  public static final EngineConfig ODD_CHUNKS =
      DEFAULTS.toBuilder()
          .maxBatchTokens(7)
          .maxSequences(4)
          .maxWaiting(8)
          .maxDraftTokens(0)
          .build();

  private HandOff() {}

  public static EngineFixture fixture(
      Function<Backend, LanguageModel> model, DraftSource drafts, EngineObserver observer) {
    return new EngineFixture(DEFAULTS, drafts, model, observer, Set.of());
  }

  public static Function<Backend, LanguageModel> model(String name) {
    return name.equals("fake") ? FakeModel::new : backend -> TinyModels.llama(backend, 7);
  }

  public static PromptTokens tokens(int length, int vocabulary) {
    return PromptTokens.of(prompt(length, length, vocabulary));
  }

  /** All of the prompt's KV from token {@code from} on, as it was handed over. */
  public static void push(
      PrefillRecorder job,
      EngineFixture to,
      KvReservation reservation,
      int from,
      PromptTokens prompt) {
    int layers = to.engine.kvLayout().layers();
    int next = from;
    for (PrefillRecorder.Run run : job.runs) {
      assertThat(run.firstToken()).as("in order, no holes").isEqualTo(next);
      int blockSize = to.engine.kvLayout().blockSize();
      assertThat(run.firstToken() / blockSize)
          .isEqualTo((run.firstToken() + run.tokens() - 1) / blockSize);
      next += run.tokens();
      to.engine.storeKv(reservation.handle(), run.firstToken(), run.tokens(), 0, layers, run.kv());
    }
    assertThat(next).isEqualTo(prompt.ids().length);
  }

  /** Reserve, prefill, push, commit. */
  public static TransferredRequest transfer(
      EngineFixture from,
      EngineFixture to,
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      boolean speculate,
      List<Integer> answer) {
    KvReservation reservation = get(to.engine.reserve(attempt, prompt));
    PrefillRecorder job = new PrefillRecorder();
    from.engine.prefill(new PrefillJob(attempt, prompt, sampling, stop(ANSWER)), job);
    int first = job.await().token().id();
    answer.add(first);
    push(job, to, reservation, 0, prompt);
    get(to.engine.commit(reservation.handle()));
    return new TransferredRequest(
        attempt, reservation.handle(), first, sampling, stop(ANSWER), StopMatcher.NONE, speculate);
  }

  public static TransferredRequest transferWhenThereIsRoom(
      EngineFixture from,
      EngineFixture to,
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      boolean speculate,
      List<Integer> answer) {
    for (int tries = 0; ; tries++) {
      try {
        return transfer(from, to, attempt, prompt, sampling, speculate, answer);
      } catch (EngineException e) {
        if (e.code() != Code.SATURATED || tries > 1_000_000) {
          throw e;
        }
      }
    }
  }
}
