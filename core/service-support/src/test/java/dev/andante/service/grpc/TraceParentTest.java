package dev.andante.service.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** As W3C Trace Context says, whose example this is. */
class TraceParentTest {

  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String EXAMPLE = "00-" + TRACE + "-00f067aa0ba902b7-01";

  @Test
  void theExample() {
    TraceParent parsed = TraceParent.parse(EXAMPLE).orElseThrow();
    assertThat(parsed).isEqualTo(new TraceParent(TRACE, "00f067aa0ba902b7", "01"));
    assertThat(parsed.header()).isEqualTo(EXAMPLE);
  }

  /** What we know of a later version is what version 00 has. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
      })
  void laterVersions(String header) {
    assertThat(TraceParent.parse(header).orElseThrow().header()).isEqualTo(EXAMPLE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      })
  void whatIsNone(String header) {
    assertThat(TraceParent.parse(header)).isEmpty();
  }

  @Test
  void onesThatBeginHereAreValidAndDiffer() {
    assertThat(Stream.generate(TraceParent::begin).limit(100).map(TraceParent::traceId).distinct())
        .hasSize(100);
    TraceParent begun = TraceParent.begin();
    assertThat(TraceParent.parse(begun.header())).contains(begun);
    assertThat(begun.flags()).as("nobody is asked to record it").isEqualTo("00");
  }
}
