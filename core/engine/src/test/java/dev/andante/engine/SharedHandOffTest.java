package dev.andante.engine;

import static dev.andante.engine.fake.EngineFixture.DEFAULTS;
import static dev.andante.engine.fake.EngineFixture.get;
import static dev.andante.engine.fake.EngineFixture.prompt;
import static dev.andante.engine.fake.EngineFixture.seeded;
import static dev.andante.engine.fake.EngineFixture.stop;
import static dev.andante.engine.fake.HandOff.ANSWER;
import static dev.andante.engine.fake.HandOff.ODD_CHUNKS;
import static dev.andante.engine.fake.HandOff.fixture;
import static dev.andante.engine.fake.HandOff.model;
import static dev.andante.engine.fake.HandOff.push;
import static dev.andante.engine.fake.HandOff.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.engine.fake.EngineFixture;
import dev.andante.engine.fake.FakeModel;
import dev.andante.engine.fake.PrefillRecorder;
import dev.andante.engine.fake.Recorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What decode has of a prompt is neither handed over nor sent. */
class SharedHandOffTest {

  /**
   * A conversation whose turns all begin like the one before, its answers sampled by decode: what
   * decode has is neither handed over nor sent, and no token changes.
   */
  @ParameterizedTest
  @ValueSource(strings = {"fake", "tiny"})
  void whatDecodeHasIsNotSent(String model) {
    int[] counts = new int[3];
    EngineObserver observer =
        new EngineObserver() {
          @Override
          public void onPromptTokens(int computed, int cached, int transferred) {
            counts[0] += computed;
            counts[1] += cached;
            counts[2] += transferred;
          }
        };
    try (EngineFixture alone = fixture(model(model), DraftSource.NONE, EngineObserver.NONE);
        EngineFixture prefill =
            new EngineFixture(
                ODD_CHUNKS, DraftSource.NONE, model(model), EngineObserver.NONE, Set.of());
        EngineFixture decode = fixture(model(model), DraftSource.NONE, observer)) {
      int vocabulary = alone.model.config().vocabularySize();
      int[] talk = prompt(11, 1, vocabulary);
      int sharedBefore = 0;
      for (int turn = 0; turn < 4; turn++) {
        SamplingParams sampling = turn % 2 == 0 ? SamplingParams.GREEDY : seeded(turn);
        String id = "turn " + turn;
        List<Integer> expected =
            alone.generate(id, PromptTokens.of(talk), sampling, stop(ANSWER), false).await().ids();
        List<Integer> answer = new ArrayList<>();
        int shared =
            shareAndDecode(
                prefill, decode, new Attempt(id, 1), PromptTokens.of(talk), sampling, answer);
        assertThat(answer).as(id).isEqualTo(expected);
        assertThat(shared).as(id).isEqualTo(sharedBefore);
        // all but the answer's last token has its KV on decode
        sharedBefore = (talk.length + ANSWER - 1) / DEFAULTS.blockSize() * DEFAULTS.blockSize();
        talk =
            IntStream.concat(
                    IntStream.concat(
                        IntStream.of(talk), answer.stream().mapToInt(Integer::intValue)),
                    IntStream.of(prompt(3, turn, vocabulary)))
                .toArray();
        decode.checkIntegrity();
      }
      prefill.assertIdle();
      decode.assertIdle();
      assertThat(counts[0]).as("computed of prompts by decode").isZero();
      assertThat(counts[1]).isEqualTo(24 + 40 + 56);
      assertThat(counts[1] + counts[2]).isEqualTo(11 + 28 + 45 + 62);
    }
  }

  /** All but the last token is there already: the commit comes without a frame. */
  @Test
  void aPromptThatDecodeHasWhole() {
    try (EngineFixture f = new EngineFixture();
        EngineFixture prefill = new EngineFixture()) {
      PromptTokens prompt = tokens(16, FakeModel.VOCABULARY);
      List<Integer> expected = f.generate("a", prompt.ids(), ANSWER).await().ids();
      List<Integer> answer = new ArrayList<>();
      int shared =
          shareAndDecode(prefill, f, new Attempt("b", 1), prompt, SamplingParams.GREEDY, answer);
      assertThat(shared).isEqualTo(16);
      assertThat(answer).isEqualTo(expected);
      f.assertIdle();
    }
  }

  /** As a real pair would: returns how many tokens were not handed over. */
  private static int shareAndDecode(
      EngineFixture from,
      EngineFixture to,
      Attempt attempt,
      PromptTokens prompt,
      SamplingParams sampling,
      List<Integer> answer) {
    KvReservation reservation = get(to.engine.reserve(attempt, prompt));
    int shared = reservation.cachedTokens();
    to.checkIntegrity();
    PrefillRecorder job = new PrefillRecorder();
    from.engine.prefill(
        new PrefillJob(attempt, prompt, sampling, stop(ANSWER)).withoutKvBefore(shared), job);
    int first = job.await().token().id();
    answer.add(first);
    push(job, to, reservation, shared, prompt);
    get(to.engine.commit(reservation.handle()));
    to.checkIntegrity();
    Recorder rest = new Recorder();
    to.engine.decode(
        new TransferredRequest(
            attempt, reservation.handle(), first, sampling, stop(ANSWER), StopMatcher.NONE, false),
        rest);
    answer.addAll(rest.await().ids());
    assertThat(rest.stats().cachedTokens()).as("is prefill's to tell").isZero();
    return shared;
  }
}
