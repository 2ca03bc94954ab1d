package dev.andante.kvtransfer;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.engine.EngineException;
import org.junit.jupiter.api.Test;

class KvFormatTest {

  private static final KvFormat MINE = KvFormat.of(FakeEngine.LAYOUT, "abc", "vector-f32");

  @Test
  void equalFormatsAgree() {
    assertThatCode(() -> MINE.requireCompatible(KvFormat.of(FakeEngine.LAYOUT, "abc", "cuda")))
        .as("numerics are for information")
        .doesNotThrowAnyException();
  }

  @Test
  void everyOtherDifferenceIsNamedWithBothValues() {
    KvFormat theirs = new KvFormat(3, "def", "bf16", "[token]", 32, 4, 1, 8, "vector-f32");
    assertThatThrownBy(() -> MINE.requireCompatible(theirs))
        .isInstanceOfSatisfying(
            EngineException.class,
            e ->
                org.assertj.core.api.Assertions.assertThat(e.code())
                    .isEqualTo(EngineException.Code.HANDSHAKE_MISMATCH))
        .hasMessageContaining("protocol_version (sender 3, receiver 2)")
        .hasMessageContaining("model_fingerprint (sender def, receiver abc)")
        .hasMessageContaining("dtype (sender bf16, receiver f32)")
        .hasMessageContaining("layout (sender [token], receiver [layer]")
        .hasMessageContaining("block_size (sender 32, receiver 4)")
        .hasMessageContaining("layers (sender 4, receiver 3)")
        .hasMessageContaining("kv_heads (sender 1, receiver 2)")
        .hasMessageContaining("head_dim (sender 8, receiver 4)");
  }
}
