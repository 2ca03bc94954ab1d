package dev.andante.qoe.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.PrefillCoefficients;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class EarlyRejectionTest {

  /** A millisecond a token; ten milliseconds an answer in the batch. */
  private static final EarlyRejection REJECTION =
      new EarlyRejection(new PrefillCoefficients(0, 1e-3, 0), new DecodeCoefficients(0, 1e-2, 0));

  private static final ServiceLimits LIMITS = new ServiceLimits(2, 0.05);

  private static WorkerLoad load(double queue, List<Double> ages, List<Double> joining) {
    return new WorkerLoad(queue, ages, joining, 100, 10);
  }

  private static double retryAfter(Verdict verdict) {
    return ((Verdict.Reject) verdict).retryAfterSeconds().orElseThrow();
  }

  @Test
  void acceptsWhatKeepsItsLimits() {
    Verdict verdict = REJECTION.judge(load(1, List.of(1.0, 2.0), List.of()), LIMITS, 600, 100);
    assertThat(verdict).isInstanceOf(Verdict.Accept.class);
    assertThat(verdict.forecast().ttftSeconds()).isCloseTo(1.5, within(1e-9));
    assertThat(verdict.forecast().tbtSeconds()).isCloseTo(0.03, within(1e-9));
  }

  @Test
  void refusesAFirstTokenThatWouldBeLate() {
    Verdict verdict = REJECTION.judge(load(4, List.of(), List.of()), LIMITS, 500, 0);
    assertThat(verdict).isInstanceOf(Verdict.Reject.class);
    assertThat(((Verdict.Reject) verdict).limit()).isEqualTo(Verdict.Limit.TTFT);
    assertThat(retryAfter(verdict)).isCloseTo(2.5, within(1e-5));
  }

  /** Full now, but four of the five will have ended: judged by the present, it would be refused. */
  @Test
  void judgesByTheBatchThatWillBe() {
    List<Double> nearlyDone = List.of(9.5, 9.4, 9.3, 9.2, 3.0);
    Verdict verdict = REJECTION.judge(load(0.5, nearlyDone, List.of()), LIMITS, 500, 0);
    assertThat(verdict).isInstanceOf(Verdict.Accept.class);
    assertThat(verdict.forecast().tbtSeconds()).isCloseTo(0.02, within(1e-9));
  }

  /** Idle now, but prompts before it will fill the batch: judged by the present, it would enter. */
  @Test
  void countsThePromptsUnderWay() {
    List<Double> joining = List.of(0.1, 0.2, 0.3, 0.4, 0.5);
    Verdict verdict = REJECTION.judge(load(0.5, List.of(), joining), LIMITS, 500, 0);
    assertThat(((Verdict.Reject) verdict).limit()).isEqualTo(Verdict.Limit.TBT);
    assertThat(verdict.forecast().tbtSeconds()).isCloseTo(0.06, within(1e-9));
    // The first of the five ends 10.1 s from now; the prompt takes half a second before that.
    assertThat(retryAfter(verdict)).isCloseTo(9.6, within(1e-5));
  }

  @Test
  void anOverdueAnswerIsTakenToNeedAsLongAgain() {
    WorkerLoad overdue = load(0, List.of(12.0), List.of());
    assertThat(overdue.decodingIn(7.9)).isEqualTo(1);
    assertThat(overdue.decodingIn(8.1)).isZero();
  }

  @Test
  void whatNotEvenAnIdleWorkerKeepsIsNotWorthAskingAgain() {
    WorkerLoad idle = load(0, List.of(), List.of());
    Verdict tooLong = REJECTION.judge(idle, LIMITS, 3000, 0);
    assertThat(((Verdict.Reject) tooLong).retryAfterSeconds()).isEqualTo(OptionalDouble.empty());
    Verdict tooFast =
        REJECTION.judge(load(0, List.of(1.0), List.of()), new ServiceLimits(2, 0.009), 10, 0);
    assertThat(((Verdict.Reject) tooFast).limit()).isEqualTo(Verdict.Limit.TBT);
    assertThat(((Verdict.Reject) tooFast).retryAfterSeconds()).isEqualTo(OptionalDouble.empty());
  }

  @Test
  void aFullyCachedPromptStillComputesItsLastToken() {
    Verdict verdict = REJECTION.judge(load(0, List.of(), List.of()), LIMITS, 500, 500);
    assertThat(verdict.forecast().ttftSeconds()).isCloseTo(0.001, within(1e-12));
  }

  /** The load a while later if nobody else came. */
  private static WorkerLoad later(WorkerLoad load, double seconds) {
    List<Double> decoding = new ArrayList<>();
    for (double age : load.decodingForSeconds()) {
      if (load.decodeSeconds() - age % load.decodeSeconds() > seconds) {
        decoding.add(age + seconds);
      }
    }
    List<Double> joining = new ArrayList<>();
    for (double start : load.joiningInSeconds()) {
      if (start > seconds) {
        joining.add(start - seconds);
      } else if (start + load.decodeSeconds() > seconds) {
        decoding.add(seconds - start);
      }
    }
    return new WorkerLoad(
        Math.max(0, load.prefillQueueSeconds() - seconds),
        decoding,
        joining,
        load.meanContextTokens(),
        load.decodeSeconds());
  }

  /** Retry-After is truthful: at that time it is accepted, and at no time before. */
  @Property(tries = 500)
  void retryAfterIsTheFirstTimeItWouldBeAccepted(@ForAll long seed) {
    Random random = new Random(seed);
    List<Double> ages = new ArrayList<>();
    List<Double> joining = new ArrayList<>();
    for (int i = random.nextInt(10); i > 0; i--) {
      ages.add(random.nextDouble() * 25);
    }
    for (int i = random.nextInt(6); i > 0; i--) {
      joining.add(random.nextDouble() * 4);
    }
    WorkerLoad load = load(random.nextDouble() * 4, ages, joining);
    int prompt = 1 + random.nextInt(2500);
    Verdict verdict = REJECTION.judge(load, LIMITS, prompt, 0);
    if (!(verdict instanceof Verdict.Reject(_, _, OptionalDouble retryAfter))) {
      return;
    }
    assertThat(retryAfter.isPresent()).isEqualTo(prompt <= 2000);
    if (retryAfter.isEmpty()) {
      return;
    }
    double seconds = retryAfter.getAsDouble();
    assertThat(seconds).isPositive();
    assertThat(REJECTION.judge(later(load, seconds), LIMITS, prompt, 0))
        .isInstanceOf(Verdict.Accept.class);
    for (int i = 0; i < 20; i++) {
      assertThat(REJECTION.judge(later(load, seconds * i / 20.1), LIMITS, prompt, 0))
          .isInstanceOf(Verdict.Reject.class);
    }
  }

  @Test
  void refusesLoadsAndLimitsThatAreNone() {
    WorkerLoad idle = load(0, List.of(), List.of());
    assertThatThrownBy(() -> load(-1, List.of(), List.of())).hasMessageContaining("load");
    assertThatThrownBy(() -> load(0, List.of(Double.NaN), List.of())).hasMessageContaining("load");
    assertThatThrownBy(() -> new WorkerLoad(0, List.of(), List.of(), 1, 0))
        .hasMessageContaining("load");
    assertThatThrownBy(() -> new ServiceLimits(0, 1)).hasMessageContaining("positive");
    assertThatThrownBy(() -> REJECTION.judge(idle, LIMITS, 5, 6)).hasMessageContaining("cached");
    assertThatThrownBy(() -> REJECTION.judge(idle, LIMITS, 0, 0)).hasMessageContaining("prompt");
  }
}
