package dev.andante.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is next, on a clock moved by hand. */
class FairnessTest {

  private static final long SECOND = 1_000_000_000L;

  private final AtomicLong nanos = new AtomicLong(-5 * SECOND);

  private Admission admission(int maxConcurrent, int maxQueued) {
    return new Admission(maxConcurrent, maxQueued, Duration.ofSeconds(10), nanos::get);
  }

  private static Applicant of(String tenant) {
    return of(tenant, PriorityClass.NORMAL);
  }

  private static Applicant of(String tenant, PriorityClass priority) {
    return new Applicant(tenant, priority, 1);
  }

  private static boolean admitted(Ticket ticket) {
    return ticket.state() == Ticket.State.ADMITTED;
  }

  /** Why it was sent away, null if it was not. */
  private static DropReason refusal(Ticket ticket) {
    AtomicReference<Throwable> error = new AtomicReference<>();
    ticket.admitted().subscribe(nothing -> {}, error::set).dispose();
    return error.get() instanceof ApiException api ? api.dropReason() : null;
  }

  /** One tenant's clients, who send a request as soon as one of theirs has ended or was refused. */
  private static final class Clients {
    private final Admission admission;
    private final String tenant;
    private final int outstanding;
    private final int tokens;
    private final Map<Ticket, Integer> calls = new LinkedHashMap<>();
    private int refused;
    private long served;
    private long waitedTenths;
    private int answered;

    /**
     * @param tokens of each answer, ten a second
     */
    Clients(Admission admission, String tenant, int outstanding, int tokens) {
      this.admission = admission;
      this.tenant = tenant;
      this.outstanding = outstanding;
      this.tokens = tokens;
    }

    /** A tenth of a second: a token for each that runs. */
    void step() {
      for (Ticket ticket : List.copyOf(calls.keySet())) {
        if (admitted(ticket)) {
          ticket.generatedTokens(1);
          served++;
          calls.merge(ticket, 1, Integer::sum);
        } else {
          waitedTenths++;
        }
        boolean evicted = ticket.state() == Ticket.State.RELEASED;
        if (evicted || calls.get(ticket) == tokens) {
          refused += evicted ? 1 : 0;
          answered += evicted ? 0 : 1;
          ticket.release();
          calls.remove(ticket);
        }
      }
      while (calls.size() < outstanding) {
        try {
          Ticket ticket = admission.enqueue(of(tenant));
          ticket.promptTokens(1);
          calls.put(ticket, 0);
        } catch (ApiException full) {
          refused++;
          return;
        }
      }
    }

    double waitSeconds() {
      return waitedTenths / 10.0 / answered;
    }
  }

  private void run(int seconds, Clients... clients) {
    for (int i = 0; i < seconds * 10; i++) {
      for (Clients each : clients) {
        each.step();
      }
      nanos.addAndGet(SECOND / 10);
    }
  }

  /** Two of four places are the polite tenant's, however hard the other one pushes. */
  @ParameterizedTest
  @ValueSource(ints = {10, 40, 400})
  void aFloodDoesNotLowerAnothersShare(int flood) {
    Admission admission = admission(4, 32);
    Clients flooder = new Clients(admission, "flooder", flood, 20);
    Clients polite = new Clients(admission, "polite", 2, 20);
    run(600, flooder, polite);
    assertThat(polite.refused).isZero();
    assertThat(polite.waitSeconds()).isLessThan(1); // half an answer, until a place is free
    assertThat(polite.served).isGreaterThan(600 * 10 * 2 * 2 / 3);
    assertThat(flooder.served + polite.served).isGreaterThan(600 * 10 * 4 * 95 / 100);
    assertThat(flooder.served).isGreaterThan(600 * 10 * 2 * 95 / 100);
  }

  /** What counts is tokens, not requests. */
  @Test
  void longAnswersAreNoWayToMore() {
    Admission admission = admission(4, 100);
    Clients brief = new Clients(admission, "brief", 20, 10);
    Clients wordy = new Clients(admission, "wordy", 20, 100);
    run(1000, brief, wordy);
    assertThat(wordy.served / (double) brief.served).isBetween(0.8, 1.25);
  }

  @Test
  void nobodySavesUpByNotComing() {
    Admission admission = admission(4, 100);
    Clients early = new Clients(admission, "early", 20, 10);
    run(1000, early);
    long before = early.served;
    Clients late = new Clients(admission, "late", 20, 10);
    run(200, early, late);
    assertThat((early.served - before) / (double) late.served).isBetween(0.8, 1.3);
  }

  /** Being idle for a moment does not clear what one has had. */
  @Test
  void nobodyGetsRidOfTheirAccountByPausing() {
    Admission admission = admission(1, 10);
    Ticket much = admission.enqueue(of("much"));
    Ticket other = admission.enqueue(of("other"));
    much.generatedTokens(10_000);
    much.release();
    assertThat(admitted(other)).isTrue();
    Ticket again = admission.enqueue(of("much"));
    Ticket third = admission.enqueue(of("third"));
    other.release();
    assertThat(admitted(third)).isTrue();
    assertThat(admitted(again)).isFalse();
  }

  @Test
  void theHigherClassIsFirstWhateverItsTenantHad() {
    Admission admission = admission(1, 10);
    Ticket running = admission.enqueue(of("a", PriorityClass.HIGH));
    running.generatedTokens(1000);
    Ticket low = admission.enqueue(of("b", PriorityClass.LOW));
    Ticket normal = admission.enqueue(of("b", PriorityClass.NORMAL));
    Ticket high = admission.enqueue(of("a", PriorityClass.HIGH));
    running.release();
    assertThat(admitted(high)).isTrue();
    high.release();
    assertThat(admitted(normal)).isTrue();
    normal.release();
    assertThat(admitted(low)).isTrue();
  }

  private static int waiting(List<Ticket> tickets) {
    return (int) tickets.stream().filter(t -> t.state() == Ticket.State.WAITING).count();
  }

  private static List<Ticket> flood(Admission admission, PriorityClass priority, int requests) {
    List<Ticket> waiting = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      try {
        waiting.add(admission.enqueue(of(priority.label() + i % 3, priority)));
      } catch (ApiException full) {
        assertThat(full.dropReason()).isEqualTo(DropReason.SATURATED);
      }
    }
    return waiting;
  }

  /** A fifth of the line is every class's own, whoever came first. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noClassLosesItsShareOfAFullLine(boolean lowFirst) {
    Admission admission = admission(1, 50);
    admission.enqueue(of("runs"));
    PriorityClass first = lowFirst ? PriorityClass.LOW : PriorityClass.HIGH;
    PriorityClass second = lowFirst ? PriorityClass.HIGH : PriorityClass.LOW;
    List<Ticket> early = flood(admission, first, 200);
    assertThat(waiting(early)).as("all is theirs while nobody else comes").isEqualTo(50);
    List<Ticket> late = flood(admission, second, 200);
    assertThat(waiting(lowFirst ? early : late)).isEqualTo(10);
    assertThat(waiting(lowFirst ? late : early)).isEqualTo(40);
    assertThat(refusal(early.getLast()))
        .isEqualTo(lowFirst ? DropReason.EVICTED_PRIORITY : DropReason.EVICTED_QUEUE_PRESSURE);
    List<Ticket> normal = flood(admission, PriorityClass.NORMAL, 200);
    assertThat(waiting(normal)).as("their share").isEqualTo(10);
    assertThat(waiting(lowFirst ? early : late)).isEqualTo(10);
  }

  /** One in five. */
  @Test
  void noClassStarvesAnother() {
    Admission admission = admission(1, 100);
    Ticket running = admission.enqueue(of("a", PriorityClass.HIGH));
    List<Ticket> lower =
        List.of(
            admission.enqueue(of("b", PriorityClass.LOW)),
            admission.enqueue(of("b", PriorityClass.NORMAL)));
    List<Integer> turns = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Ticket high = admission.enqueue(of("a", PriorityClass.HIGH));
      if (i == 20) {
        nanos.addAndGet(10 * SECOND);
      }
      running.release();
      running = high;
      for (Ticket each : lower) {
        if (admitted(each)) {
          turns.add(i);
          each.release();
        }
      }
      assertThat(admitted(high)).isTrue();
    }
    // At once when patience has an end, since none of theirs had come for so long; then the fifth.
    assertThat(turns).hasSize(2);
    assertThat(turns.get(0)).isEqualTo(20);
    assertThat(turns.get(1)).isBetween(23, 25);
  }

  @Test
  void aFloodFillsItsOwnShareOfTheQueueOnly() {
    Admission admission = admission(1, 4);
    Ticket running = admission.enqueue(of("flood"));
    List<Ticket> flood = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      flood.add(admission.enqueue(of("flood")));
    }
    assertThatThrownBy(() -> admission.check(of("flood"))).isInstanceOf(ApiException.class);
    assertThatThrownBy(() -> admission.enqueue(of("flood")))
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.dropReason()).isEqualTo(DropReason.SATURATED));
    admission.check(of("polite"));
    assertThat(refusal(flood.get(3))).isNull();
    Ticket first = admission.enqueue(of("polite"));
    assertThat(refusal(flood.get(3))).isEqualTo(DropReason.EVICTED_QUEUE_PRESSURE);
    Ticket second = admission.enqueue(of("polite"));
    assertThat(refusal(flood.get(2))).isEqualTo(DropReason.EVICTED_QUEUE_PRESSURE);
    // Two each: now nobody has a better claim.
    assertThatThrownBy(() -> admission.enqueue(of("polite"))).isInstanceOf(ApiException.class);
    assertThatThrownBy(() -> admission.enqueue(of("flood"))).isInstanceOf(ApiException.class);
    assertThat(admission.queued()).isEqualTo(4);
    flood.get(3).release(); // as its request does when it hears of it
    assertThat(admission.queued()).isEqualTo(4);
    List.of(running, first, second, flood.get(0), flood.get(1)).forEach(Ticket::release);
    assertThat(admission.queued() + admission.running()).isZero();
  }

  @Test
  void aHigherClassTakesThePlaceOfALower() {
    Admission admission = admission(1, 2);
    Ticket running = admission.enqueue(of("a"));
    Ticket low = admission.enqueue(of("a", PriorityClass.LOW));
    Ticket normal = admission.enqueue(of("a", PriorityClass.NORMAL));
    Ticket high = admission.enqueue(of("a", PriorityClass.HIGH));
    assertThat(refusal(low)).isEqualTo(DropReason.EVICTED_PRIORITY);
    assertThat(refusal(normal)).isNull();
    assertThatThrownBy(() -> admission.enqueue(of("b", PriorityClass.LOW)))
        .isInstanceOf(ApiException.class);
    running.release();
    assertThat(admitted(high)).isTrue();
  }

  /** Whoever has to leave for one that is too heavy even so stays. */
  @Test
  void nobodyIsSentAwayInVain() {
    Admission admission = admission(4, 4);
    Ticket running = admission.enqueue(new Applicant("a", PriorityClass.NORMAL, 4));
    Ticket low = admission.enqueue(of("a", PriorityClass.LOW));
    Ticket other = admission.enqueue(new Applicant("b", PriorityClass.NORMAL, 3));
    assertThatThrownBy(() -> admission.enqueue(new Applicant("c", PriorityClass.NORMAL, 4)))
        .isInstanceOf(ApiException.class);
    assertThat(refusal(low)).isNull();
    assertThat(admission.queued()).isEqualTo(4);
    running.release();
    assertThat(List.of(admitted(low), admitted(other))).containsExactly(true, true);
  }

  @Test
  void theEstimateIsTheTenantsOwn() {
    Admission admission = admission(1, 100);
    for (int i = 0; i < 51; i++) {
      assertThat(admission.enqueue(of("flood"))).isNotNull();
    }
    assertThat(admission.retryAfter("flood")).hasSeconds(51);
    assertThat(admission.retryAfter("other")).hasSeconds(2);
  }

  @Test
  void tenantsWhoDoNotComeAgainAreForgotten() {
    Admission admission = admission(2, 2);
    for (int i = 0; i < 5 * WaitingLine.MOST_TENANTS; i++) {
      Ticket ticket = admission.enqueue(of("tenant " + i));
      ticket.generatedTokens(1 + i % 7);
      ticket.release();
    }
    assertThat(admission.tenants()).isLessThan(WaitingLine.MOST_TENANTS * 3 / 2);
  }
}
