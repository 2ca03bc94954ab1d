package dev.andante.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.error.DropReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

class AdmissionTest {

  private static boolean admitted(Ticket ticket) {
    AtomicBoolean done = new AtomicBoolean();
    var subscription =
        ticket.admitted().subscribe(nothing -> {}, error -> {}, () -> done.set(true));
    subscription.dispose();
    return done.get();
  }

  @Test
  void firstComeFirstServed() {
    Admission admission = new Admission(2, 2);
    Ticket a = admission.enqueue(1);
    Ticket b = admission.enqueue(1);
    Ticket c = admission.enqueue(1);
    Ticket d = admission.enqueue(1);
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
    Admission admission = new Admission(1, 1);
    Ticket running = admission.enqueue(1);
    Ticket waiting = admission.enqueue(1);
    assertThatThrownBy(() -> admission.enqueue(1))
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
    Admission admission = new Admission(1, 1);
    admission.check(1);
    Ticket running = admission.enqueue(1);
    admission.check(1);
    Ticket waiting = admission.enqueue(1);
    assertThatThrownBy(() -> admission.check(1))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status()).isEqualTo(429));
    running.release();
    waiting.release();
    admission.check(1);
    assertThat(admission.running() + admission.queued()).isZero();
  }

  @Test
  void releasingTwiceCountsOnce() {
    Admission admission = new Admission(1, 5);
    Ticket a = admission.enqueue(1);
    Ticket b = admission.enqueue(1);
    Ticket c = admission.enqueue(1);
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
    Admission admission = new Admission(4, 100);
    Ticket one = admission.enqueue(1);
    Ticket heavy = admission.enqueue(10); // counts as the limit
    Ticket light = admission.enqueue(1);
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
    Admission admission = new Admission(1, 1000);
    List<Ticket> tickets = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      tickets.add(admission.enqueue(1));
    }
    assertThat(admission.retryAfter()).hasSeconds(100);
    tickets.reversed().forEach(Ticket::release);
    assertThat(admission.retryAfter()).hasSeconds(1);
  }

  @Test
  void manyAtOnceNeverExceedTheLimitAndLeaveNothing() throws InterruptedException {
    Admission admission = new Admission(3, 1_000_000);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    int requests = 3000;
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < requests; i++) {
        threads.execute(
            () -> {
              Ticket ticket = admission.enqueue(1);
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
