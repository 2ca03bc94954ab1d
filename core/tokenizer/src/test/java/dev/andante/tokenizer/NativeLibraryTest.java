package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {

  @Test
  void nothingIsWrittenBelowTheHomeDirectory(@TempDir Path directory) {
    Tokenizers.loadNativeLibrary(directory);
    try (Tokenizer tokenizer = SmallTokenizer.with("<s>")) {
      assertThat(tokenizer.encode("hi", SpecialTokens.PLAIN)).hasSize(2);
    }
    assertThat(Path.of(System.getProperty("user.home"), ".djl.ai")).doesNotExist();
  }

  @Test
  void aClosedTokenizerSaysSo() {
    Tokenizer tokenizer = SmallTokenizer.with("<s>");
    tokenizer.close();
    tokenizer.close();
    assertThatThrownBy(() -> tokenizer.encode("hi", SpecialTokens.PLAIN))
        .isInstanceOf(IllegalStateException.class);
  }
}
