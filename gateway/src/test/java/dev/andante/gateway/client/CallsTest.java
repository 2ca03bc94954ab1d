package dev.andante.gateway.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.DecodeGrpc;
import dev.andante.protocol.v1.DecodeRequest;
import dev.andante.protocol.v1.ReleaseRequest;
import dev.andante.protocol.v1.TokenChunk;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

class CallsTest {

  private final List<String> events = new ArrayList<>();
  private Runnable whileItBegins = () -> {};

  /** One call, which fails as gRPC's does if it is cancelled before it has begun. */
  private final class OneCall<Q, R> extends ClientCall<Q, R> {

    private boolean begun;

    @Override
    public void start(Listener<R> listener, Metadata headers) {
      whileItBegins.run();
      begun = true;
      events.add("start");
    }

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {
      if (!begun) {
        throw new NullPointerException("there is no listener yet");
      }
      events.add("cancel");
    }

    @Override
    public void request(int messages) {}

    @Override
    public void halfClose() {
      events.add("half-close");
    }

    @Override
    public void sendMessage(Q message) {
      events.add("message");
    }
  }

  private final Channel channel =
      new Channel() {
        @Override
        public <Q, R> ClientCall<Q, R> newCall(
            MethodDescriptor<Q, R> method, CallOptions callOptions) {
          return new OneCall<>();
        }

        @Override
        public String authority() {
          return "test";
        }
      };

  private static <T> BaseSubscriber<T> caller() {
    return new BaseSubscriber<>() {
      @Override
      protected void hookOnSubscribe(Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
      }
    };
  }

  private Flux<TokenChunk> decode() {
    return Calls.call(
        channel,
        DecodeGrpc.getDecodeMethod(),
        CallOptions.DEFAULT,
        DecodeRequest.getDefaultInstance());
  }

  @Test
  void aCallerWhoLeavesWhileTheCallBeginsCancelsItWhenItHas() {
    BaseSubscriber<TokenChunk> caller = caller();
    whileItBegins = caller::cancel;
    decode().subscribe(caller);
    assertThat(events).containsExactly("start", "message", "half-close", "cancel");
  }

  @Test
  void soDoesTheCallerOfAUnaryCall() {
    BaseSubscriber<Object> caller = caller();
    whileItBegins = caller::cancel;
    Calls.call(
            channel,
            DecodeGrpc.getReleaseMethod(),
            CallOptions.DEFAULT,
            ReleaseRequest.getDefaultInstance())
        .subscribe(caller);
    assertThat(events).containsExactly("start", "message", "half-close", "cancel");
  }

  @Test
  void aCallerWhoLeavesLaterCancelsIt() {
    BaseSubscriber<TokenChunk> caller = caller();
    decode().subscribe(caller);
    assertThat(events).doesNotContain("cancel");
    caller.cancel();
    assertThat(events).endsWith("cancel");
  }

  @Test
  void aCallerWhoHasLeftBeginsNothing() {
    BaseSubscriber<TokenChunk> caller =
        new BaseSubscriber<>() {
          @Override
          protected void hookOnSubscribe(Subscription subscription) {
            subscription.cancel();
          }
        };
    decode().subscribe(caller);
    assertThat(events).isEmpty();
  }
}
