package dev.andante.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.gateway.error.ApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import org.springframework.mock.http.server.reactive.MockServerHttpResponse;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class EventStreamTest {

  private static ObjectNode chunk(int number) {
    return JsonNodeFactory.instance.objectNode().put("n", number);
  }

  /** Asks for one frame at a time, as a connection does, and not before it is told to begin. */
  private static final class SlowReader extends BaseSubscriber<String> {

    final List<String> frames = new ArrayList<>();
    final CountDownLatch first = new CountDownLatch(1);
    final CountDownLatch ended = new CountDownLatch(1);
    volatile @Nullable Throwable failure;

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      // nothing is asked for yet
    }

    @Override
    protected void hookOnNext(String frame) {
      frames.add(frame);
      first.countDown();
      request(1);
    }

    @Override
    protected void hookOnError(Throwable error) {
      failure = error;
    }

    @Override
    protected void hookFinally(reactor.core.publisher.SignalType type) {
      ended.countDown();
    }
  }

  @Test
  void aFailureComesAfterEveryFrameBeforeIt() throws InterruptedException {
    List<ApiException> late = new ArrayList<>();
    Flux<ObjectNode> chunks =
        Flux.range(0, 100)
            .map(EventStreamTest::chunk)
            .concatWith(Flux.error(ApiException.unavailable("gone")));
    SlowReader reader = new SlowReader();
    new EventStream(Duration.ofHours(1)).frames(chunks, () -> true, late::add).subscribe(reader);
    reader.request(1); // by now the failure has happened, and no frame was read
    assertThat(reader.ended.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.frames).hasSize(101);
    assertThat(reader.frames.get(99)).isEqualTo("data: {\"n\":99}\n\n");
    assertThat(reader.frames.getLast()).startsWith("data: {\"error\":").contains("gone");
    assertThat(late).hasSize(1);
  }

  @Test
  void aFailureBeforeTheFirstFrameIsNoEvent() throws InterruptedException {
    List<ApiException> late = new ArrayList<>();
    SlowReader reader = new SlowReader();
    new EventStream(Duration.ofHours(1))
        .frames(Flux.error(ApiException.unavailable("gone")), () -> true, late::add)
        .subscribe(reader);
    assertThat(reader.ended.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.frames).isEmpty();
    assertThat(reader.failure).hasMessage("gone");
    assertThat(late).isEmpty();
  }

  @Test
  void aFailureAfterAPingIsAnEvent() throws InterruptedException {
    Sinks.One<ObjectNode> never = Sinks.one();
    SlowReader reader = new SlowReader();
    new EventStream(Duration.ofMillis(5))
        .frames(never.asMono().flux(), () -> true, error -> {})
        .subscribe(reader);
    reader.request(1);
    assertThat(reader.first.await(10, TimeUnit.SECONDS)).isTrue();
    never.tryEmitError(ApiException.unavailable("gone"));
    assertThat(reader.ended.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.frames.getFirst()).isEqualTo(": ping\n\n");
    assertThat(reader.frames.getLast()).startsWith("data: {\"error\":").contains("gone");
  }

  @Test
  void aReaderWhoAsksForNothingGetsNoPingSoAFailureIsStillNoEvent() throws InterruptedException {
    CountDownLatch due = new CountDownLatch(3);
    Sinks.One<ObjectNode> never = Sinks.one();
    SlowReader reader = new SlowReader();
    new EventStream(Duration.ofMillis(2))
        .frames(
            never.asMono().flux(),
            () -> {
              due.countDown();
              return true;
            },
            error -> {})
        .subscribe(reader);
    assertThat(due.await(10, TimeUnit.SECONDS)).isTrue();
    never.tryEmitError(ApiException.unavailable("gone"));
    assertThat(reader.ended.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(reader.failure).hasMessage("gone");
    assertThat(reader.frames).isEmpty();
  }

  @Test
  void theFramesEndWithAWriteThatTookNone() {
    AtomicBoolean cancelled = new AtomicBoolean();
    MockServerHttpResponse response = new MockServerHttpResponse();
    response.setWriteHandler(body -> Mono.error(new IOException("the connection is gone")));
    Flux<String> frames =
        Flux.concat(Flux.just("first"), Flux.<String>never()).doOnCancel(() -> cancelled.set(true));
    assertThatThrownBy(() -> EventStream.write(response, frames).block(Duration.ofSeconds(10)))
        .hasMessageContaining("the connection is gone");
    assertThat(cancelled).isTrue();
  }

  @Test
  void theFramesEndWithAWriteThatIsGivenUp() {
    AtomicBoolean cancelled = new AtomicBoolean();
    MockServerHttpResponse response = new MockServerHttpResponse();
    Flux<String> frames = Flux.<String>never().doOnCancel(() -> cancelled.set(true));
    EventStream.write(response, frames).subscribe().dispose();
    assertThat(cancelled).isTrue();
  }

  /** Chunks from one thread, requests from another, pings from a third. */
  @Test
  void everyFrameArrivesOnceAndInOrder() throws InterruptedException {
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      expected.add("data: {\"n\":" + i + "}\n\n");
    }
    expected.add("data: [DONE]\n\n");
    for (int round = 0; round < 200; round++) {
      Flux<ObjectNode> chunks =
          Flux.range(0, 150).map(EventStreamTest::chunk).publishOn(Schedulers.parallel());
      SlowReader reader = new SlowReader();
      new EventStream(Duration.ofNanos(100_000))
          .frames(chunks, () -> true, error -> {})
          .publishOn(Schedulers.boundedElastic(), 1 + round % 32)
          .subscribe(reader);
      reader.request(1);
      assertThat(reader.ended.await(10, TimeUnit.SECONDS)).isTrue();
      reader.frames.removeIf(": ping\n\n"::equals);
      assertThat(reader.frames).isEqualTo(expected);
    }
  }
}
