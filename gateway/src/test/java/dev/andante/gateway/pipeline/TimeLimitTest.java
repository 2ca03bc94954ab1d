package dev.andante.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;
import reactor.core.publisher.Sinks;

class TimeLimitTest {

  private final Sinks.Many<Integer> source = Sinks.many().unicast().onBackpressureBuffer();
  private final Sinks.Empty<Void> end = Sinks.empty();
  private final List<String> seen = new ArrayList<>();
  private final List<SignalType> sourceEnded = new ArrayList<>();

  private BaseSubscriber<Integer> subscribe(long demand) {
    BaseSubscriber<Integer> subscriber =
        new BaseSubscriber<>() {
          @Override
          protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {
            request(demand);
          }

          @Override
          protected void hookOnNext(Integer value) {
            seen.add(value.toString());
          }

          @Override
          protected void hookOnComplete() {
            seen.add("complete");
          }

          @Override
          protected void hookOnError(Throwable error) {
            seen.add(error.getMessage());
          }
        };
    Flux<Integer> watched = source.asFlux().doFinally(sourceEnded::add);
    TimeLimit.over(watched, end.asMono(), () -> new IllegalStateException("late"))
        .subscribe(subscriber);
    return subscriber;
  }

  @Test
  void whenTimeIsOverTheSourceIsCancelledToo() {
    subscribe(Long.MAX_VALUE);
    source.tryEmitNext(1);
    end.tryEmitEmpty();
    source.tryEmitNext(2);
    assertThat(seen).containsExactly("1", "late");
    assertThat(sourceEnded).containsExactly(SignalType.CANCEL);
  }

  @Test
  void evenIfNobodyReads() {
    subscribe(1);
    for (int i = 0; i < 1000; i++) {
      source.tryEmitNext(i);
    }
    end.tryEmitEmpty();
    assertThat(seen).containsExactly("0", "late");
    assertThat(sourceEnded).containsExactly(SignalType.CANCEL);
  }

  @Test
  void whatEndsInTimeEndsAsItDoes() {
    subscribe(Long.MAX_VALUE);
    source.tryEmitNext(1);
    source.tryEmitComplete();
    end.tryEmitEmpty();
    assertThat(seen).containsExactly("1", "complete");
    assertThat(end.currentSubscriberCount()).isZero();
  }

  @Test
  void whatFailsInTimeFailsAfterWhatCameBefore() {
    BaseSubscriber<Integer> subscriber = subscribe(1);
    source.tryEmitNext(1);
    source.tryEmitNext(2);
    source.tryEmitError(new IllegalStateException("broken"));
    assertThat(seen).containsExactly("1");
    subscriber.request(5);
    assertThat(seen).containsExactly("1", "2", "broken");
  }

  @Test
  void whoLeavesCancelsBoth() {
    subscribe(Long.MAX_VALUE).cancel();
    assertThat(sourceEnded).containsExactly(SignalType.CANCEL);
    assertThat(end.currentSubscriberCount()).isZero();
  }
}
