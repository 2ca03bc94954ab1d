package dev.andante.service.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.protocol.v1.Failure;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.junit.jupiter.api.Test;

class FailuresTest {

  @Test
  void whatGoesInComesOut() {
    Failure failure =
        Failure.newBuilder().setCode("c").setMessage("m").setParam("p").setRetryable(true).build();
    StatusRuntimeException status = Failures.of(Status.Code.ABORTED, failure);
    assertThat(status.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
    assertThat(status.getStatus().getDescription()).isEqualTo("m");
    assertThat(Failures.from(status)).isEqualTo(failure);
  }

  @Test
  void invalidNamesTheField() {
    Failure failure = Failures.from(Failures.invalid("top_p", "must be"));
    assertThat(failure.getParam()).isEqualTo("top_p");
    assertThat(failure.getRetryable()).isFalse();
  }

  @Test
  void aBareStatusStillSaysEnough() {
    Failure failure = Failures.from(Status.UNAVAILABLE.asRuntimeException());
    assertThat(failure.getCode()).isEqualTo("unavailable");
    assertThat(failure.getRetryable()).isTrue();
    assertThat(Failures.from(Status.INTERNAL.asRuntimeException()).getRetryable()).isFalse();
    assertThat(Failures.from(new IllegalStateException("x")).getCode()).isEqualTo("unknown");
  }

  @Test
  void descriptionsAreOneLineWithTheRootOfABrokenConnection() {
    Throwable cause =
        new IllegalStateException("outer", new java.io.IOException("Connection refused:\n  /h:1"));
    assertThat(
            Failures.describe(
                Status.UNAVAILABLE
                    .withDescription("io exception")
                    .withCause(cause)
                    .asRuntimeException()))
        .isEqualTo("UNAVAILABLE: io exception: Connection refused: /h:1");
    assertThat(Failures.describe(Status.DEADLINE_EXCEEDED.asRuntimeException()))
        .isEqualTo("DEADLINE_EXCEEDED");
    StatusRuntimeException ours = Failures.of(Status.Code.UNAVAILABLE, "draining", "stops", true);
    assertThat(Failures.describe(ours)).isEqualTo("UNAVAILABLE: stops");
  }

  @Test
  void aTrailerThatCannotBeReadIsIgnored() {
    Metadata trailers = new Metadata();
    trailers.put(Failures.KEY, new byte[] {(byte) 0xFF, 1, 2});
    StatusRuntimeException status = Status.ABORTED.asRuntimeException(trailers);
    assertThat(Failures.from(status).getCode()).isEqualTo("aborted");
  }
}
