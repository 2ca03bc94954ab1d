package dev.andante.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

class SilenceTest {

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 10); // clocks may run over
  private final Silence silence = new Silence("there:1", now::get);

  /** A call and what became of it. */
  private final class Call {
    private final Sinks.Many<String> worker = Sinks.many().unicast().onBackpressureBuffer();
    private final AtomicBoolean cancelled = new AtomicBoolean();
    private final List<String> came = new ArrayList<>();
    private @Nullable Throwable failure;
    private boolean ended;

    Call() {
      Flux<String> call = worker.asFlux().doOnCancel(() -> cancelled.set(true));
      silence.over(call).subscribe(came::add, error -> failure = error, () -> ended = true);
    }

    void says(String what) {
      worker.tryEmitNext(what).orThrow();
    }

    boolean left() {
      return failure != null;
    }
  }

  private long pass(long nanos) {
    return now.addAndGet(nanos);
  }

  @Test
  void aCallThatBroughtNothingIsLeft() {
    Call call = new Call();
    call.says("a");
    long since = pass(20);
    pass(20);
    silence.since(since);
    assertThat(call.came).containsExactly("a");
    assertThat(call.cancelled).isTrue();
    assertThat(Status.fromThrowable(call.failure).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(call.ended).isFalse();
    silence.since(pass(20)); // it is not among the calls any more
  }

  @Test
  void oneThatBringsSomethingStays() {
    Call call = new Call();
    long since = pass(20);
    call.says("a");
    silence.since(since);
    call.says("b");
    call.worker.tryEmitComplete().orThrow();
    silence.since(pass(20));
    assertThat(call.came).containsExactly("a", "b");
    assertThat(call.ended).isTrue();
    assertThat(call.left()).isFalse();
  }

  @Test
  void oneThatHasJustBegunStays() {
    long since = pass(20);
    Call call = new Call();
    silence.since(since);
    assertThat(call.left()).isFalse();
    silence.since(pass(1));
    assertThat(call.left()).isTrue();
  }

  /** As another thread finds it silent while its last item is on its way, and its end behind it. */
  @Test
  void oneThatEndsJustThenHasEnded() {
    AtomicBoolean blamed = new AtomicBoolean();
    AtomicReference<Subscriber<? super String>> worker = new AtomicReference<>();
    Publisher<String> call =
        subscriber -> {
          worker.set(subscriber);
          subscriber.onSubscribe(Operators.emptySubscription());
        };
    List<String> came = new ArrayList<>();
    AtomicBoolean complete = new AtomicBoolean();
    silence
        .over(Flux.from(call), () -> blamed.set(true))
        .subscribe(
            item -> {
              came.add(item);
              assertThat(silence.since(pass(20))).isEqualTo(1);
              worker.get().onComplete();
            },
            _ -> {},
            () -> complete.set(true));
    worker.get().onNext("last");
    assertThat(came).containsExactly("last");
    assertThat(complete).isTrue();
    assertThat(blamed).isFalse();
  }

  @Test
  void othersFailAsTheyDid() {
    Call call = new Call();
    call.worker.tryEmitError(new IllegalStateException("the test")).orThrow();
    silence.since(pass(20));
    assertThat(call.failure).hasMessage("the test");
  }

  @Test
  void aPauseOfOursIsNobodysSilence() {
    Attention attention = new Attention(Duration.ofNanos(100), 0);
    assertThat(attention.look(90)).isZero();
    assertThat(attention.look(190)).isZero();
    assertThat(attention.look(291)).isEqualTo(291);
    assertThat(attention.look(350)).isEqualTo(291);
  }
}
