package dev.andante.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.gateway.error.ApiException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class EventStreamTest {

  private static ObjectNode chunk(int number) {
    return JsonNodeFactory.instance.objectNode().put("n", number);
  }

  /** Asks for one frame at a time, as a connection does, and not before it is told to begin. */
  private static final class SlowReader extends BaseSubscriber<String> {

    final List<String> frames = new ArrayList<>();
    final CountDownLatch ended = new CountDownLatch(1);

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      // nothing is asked for yet
    }

    @Override
    protected void hookOnNext(String frame) {
      frames.add(frame);
      request(1);
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
}
