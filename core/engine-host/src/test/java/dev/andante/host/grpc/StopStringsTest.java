package dev.andante.host.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.engine.StopMatcher;
import dev.andante.host.model.DummyLoader;
import dev.andante.host.model.LoadedModel;
import dev.andante.model.dummy.TinyModels;
import dev.andante.service.grpc.Failures;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class StopStringsTest {

  private static LoadedModel model;

  @BeforeAll
  static void load() {
    model = DummyLoader.load("dummy:llama-tiny");
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void endsAtTheTokenThatCompletesAString() {
    assertThat(stopsAt("abc END def", List.of("END"))).isEqualTo(6);
    assertThat(stopsAt("abc END def", List.of("nothing"))).isEqualTo(-1);
  }

  @Test
  void aFalseStartIsNotForgotten() {
    assertThat(stopsAt("aab", List.of("ab"))).isEqualTo(2);
    assertThat(stopsAt("EEND", List.of("END"))).isEqualTo(3);
  }

  @Test
  void theFirstOfSeveralWins() {
    assertThat(stopsAt("one two", List.of("two", "ne"))).isEqualTo(2);
  }

  @Test
  void aCharacterOfSeveralBytesStopsAtItsLast() {
    assertThat(stopsAt("x€y", List.of("€"))).isEqualTo(3);
  }

  @Test
  void aStringMayBeginInWhatWasGeneratedBefore() {
    StopMatcher matcher = StopStrings.matcher(model, List.of("stop"), bytes("...st"));
    assertThat(matcher.accept('o')).isFalse();
    assertThat(matcher.accept('p')).isTrue();
  }

  @Test
  void withoutStringsNothingIsMade() {
    assertThat(StopStrings.matcher(model, List.of())).isSameAs(StopMatcher.NONE);
  }

  @Test
  void badStringsAreRefused() {
    assertRefused(List.of(""));
    assertRefused(List.of("x".repeat(StopStrings.MAX_LENGTH + 1)));
    assertRefused(Collections.nCopies(StopStrings.MAX_STRINGS + 1, "x"));
  }

  @Test
  void aModelWithoutTokenizerTakesNone() {
    try (ComputePool pool = new ComputePool(1)) {
      Backend backend = Backends.open("reference", pool);
      try (LoadedModel idsOnly =
          new LoadedModel("ids", TinyModels.llama(backend, 1), backend, Optional.empty())) {
        assertThatThrownBy(() -> StopStrings.matcher(idsOnly, List.of("x")))
            .hasMessageContaining("stop_token_ids");
      }
    }
  }

  private static void assertRefused(List<String> stops) {
    assertThatThrownBy(() -> StopStrings.matcher(model, stops))
        .satisfies(e -> assertThat(Failures.from(e).getParam()).isEqualTo("stop"));
  }

  /** Index of the token at which generation ends, -1 if it does not. */
  private static int stopsAt(String text, List<String> stops) {
    StopMatcher matcher = StopStrings.matcher(model, stops);
    int[] tokens = bytes(text);
    for (int i = 0; i < tokens.length; i++) {
      if (matcher.accept(tokens[i])) {
        return i;
      }
    }
    return -1;
  }

  private static int[] bytes(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      tokens[i] = bytes[i] & 0xFF;
    }
    return tokens;
  }
}
