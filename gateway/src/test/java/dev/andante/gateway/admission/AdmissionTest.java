package dev.andante.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

class AdmissionTest {

  private static Admission admission(int maxConcurrent, int maxQueued) {
    return new Admission(maxConcurrent, maxQueued, Duration.ofHours(1), System::nanoTime);
  }

  private static Applicant answers(int count) {
    return new Applicant("", PriorityClass.NORMAL, count);
  }

  private static boolean admitted(Ticket ticket) {
    AtomicBoolean done = new AtomicBoolean();
    var subscription =
        ticket.admitted().subscribe(nothing -> {}, error -> {}, () -> done.set(true));
    subscription.dispose();
    return done.get();
  }

  @Test
  void theWaitIsThatOfTheSameClassAndHigherOnes() {
    Admission admission = admission(1, 9);
    Applicant low = new Applicant("batch", PriorityClass.LOW, 1);
    assertThat(admission.waitSeconds(low)).isZero();
    Ticket running = admission.enqueue(low);
    for (int i = 0; i < 4; i++) {
      admission.enqueue(low);
    }
    // A second each, since none has ended yet.
    assertThat(admission.waitSeconds(low)).isEqualTo(5);
    assertThat(admission.waitSeconds(answers(1))).isEqualTo(1);
    assertThat(admission.queued()).isEqualTo(4);
    running.release();
  }

  @Test
  void firstComeFirstServed() {
    Admission admission = admission(2, 2);
    Ticket a = admission.enqueue(answers(1));
    Ticket b = admission.enqueue(answers(1));
    Ticket c = admission.enqueue(answers(1));
    Ticket d = admission.enqueue(answers(1));
    assertThat(List.of(admitted(a), admitted(b), admitted(c), admitted(d)))
        .containsExactly(true, true, false, false);
    assertThat(admission.running()).isEqualTo(2);
    assertThat(admission.queued()).isEqualTo(2);
    b.release();
    assertThat(List.of(admitted(c), admitted(d))).containsExactly(true, false);
    a.release();
    c.release();
    d.release();
    assertThat(admission.running()).isZero();
    assertThat(admission.queued()).isZero();
  }

  @Test
  void aFullQueueRefuses() {
    Admission admission = admission(1, 1);
    Ticket running = admission.enqueue(answers(1));
    Ticket waiting = admission.enqueue(answers(1));
    assertThatThrownBy(() -> admission.enqueue(answers(1)))
        .isInstanceOfSatisfying(
            ApiException.class,
            e -> {
              assertThat(e.status()).isEqualTo(429);
              assertThat(e.dropReason()).isEqualTo(DropReason.SATURATED);
              assertThat(e.retryAfter()).isPositive();
            });
    assertThat(admission.running() + admission.queued()).isEqualTo(2);
    running.release();
    assertThat(admitted(waiting)).isTrue();
    waiting.release();
  }

  @Test
  void aCheckSaysWhetherThereIsAPlaceAndTakesNone() {
    Admission admission = admission(1, 1);
    admission.check(answers(1));
    Ticket running = admission.enqueue(answers(1));
    admission.check(answers(1));
    Ticket waiting = admission.enqueue(answers(1));
    assertThatThrownBy(() -> admission.check(answers(1)))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status()).isEqualTo(429));
    running.release();
    waiting.release();
    admission.check(answers(1));
    assertThat(admission.running() + admission.queued()).isZero();
  }

  @Test
  void releasingTwiceCountsOnce() {
    Admission admission = admission(1, 5);
    Ticket a = admission.enqueue(answers(1));
    Ticket b = admission.enqueue(answers(1));
    Ticket c = admission.enqueue(answers(1));
    b.release();
    b.release();
    assertThat(admission.queued()).isEqualTo(1);
    a.release();
    a.release();
    assertThat(admission.running()).isEqualTo(1);
    assertThat(admitted(c)).isTrue();
    c.release();
    assertThat(admission.running()).isZero();
  }

  @Test
  void heavyRequestsAreNotOvertakenAndFitInTheEnd() {
    Admission admission = admission(4, 100);
    Ticket one = admission.enqueue(answers(1));
    Ticket heavy = admission.enqueue(answers(10)); // counts as the limit
    Ticket light = admission.enqueue(answers(1));
    assertThat(admitted(heavy)).isFalse();
    assertThat(admitted(light)).isFalse();
    one.release();
    assertThat(admitted(heavy)).isTrue();
    assertThat(admitted(light)).isFalse();
    heavy.release();
    assertThat(admitted(light)).isTrue();
    light.release();
  }

  @Test
  void theEstimateGrowsWithTheQueue() {
    Admission admission = admission(1, 1000);
    List<Ticket> tickets = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      tickets.add(admission.enqueue(answers(1)));
    }
    assertThat(admission.retryAfter("")).hasSeconds(100);
    tickets.reversed().forEach(Ticket::release);
    assertThat(admission.retryAfter("")).hasSeconds(1);
  }

  /** As after a machine was stopped for an hour; and as no clock should. */
  @Test
  void aClockThatJumpsIsGotOver() {
    AtomicLong now = new AtomicLong();
    Admission admission = new Admission(1, 9, Duration.ofSeconds(10), now::get);
    Ticket running = admission.enqueue(answers(1));
    Ticket waiting = admission.enqueue(answers(1));
    now.addAndGet(Duration.ofHours(1).toNanos());
    assertThat(admission.retryAfter("")).isBetween(Duration.ofSeconds(1), Duration.ofMinutes(10));
    running.release();
    assertThat(admitted(waiting)).isTrue();
    assertThat(admission.retryAfter("")).isLessThanOrEqualTo(Duration.ofMinutes(10));
    now.addAndGet(-Duration.ofHours(3).toNanos());
    waiting.release();
    Ticket next = admission.enqueue(answers(1));
    Ticket last = admission.enqueue(answers(1));
    assertThat(admission.waitSeconds(answers(1))).isNotNegative();
    next.release();
    last.release();
    for (int i = 0; i < 100; i++) {
      Ticket quick = admission.enqueue(answers(1));
      now.addAndGet(Duration.ofMillis(100).toNanos());
      quick.release();
    }
    assertThat(admission.retryAfter("")).as("learnt anew").isEqualTo(Duration.ofSeconds(1));
    assertThat(admission.running() + admission.queued()).isZero();
  }

  @Test
  void manyAtOnceNeverExceedTheLimitAndLeaveNothing() throws InterruptedException {
    Admission admission = admission(3, 1_000_000);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    int requests = 3000;
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < requests; i++) {
        threads.execute(
            () -> {
              Ticket ticket = admission.enqueue(answers(1));
              if (ThreadLocalRandom.current().nextInt(4) == 0) {
                ticket.release(); // gave up, waiting or not
                done.incrementAndGet();
                return;
              }
              var _ =
                  ticket
                      .admitted()
                      .publishOn(Schedulers.parallel())
                      .doOnTerminate(
                          () -> {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            inside.decrementAndGet();
                            ticket.release();
                            done.incrementAndGet();
                          })
                      .subscribe();
            });
      }
      threads.shutdown();
      assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
    long end = System.nanoTime() + 30_000_000_000L;
    while (done.get() < requests && System.nanoTime() < end) {
      Thread.sleep(5);
    }
    assertThat(done.get()).isEqualTo(requests);
    assertThat(most.get()).isBetween(1, 3);
    assertThat(admission.running()).isZero();
    assertThat(admission.queued()).isZero();
  }
}
