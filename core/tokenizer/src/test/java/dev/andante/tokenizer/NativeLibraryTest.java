package dev.andante.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {

  @Test
  void nothingIsWrittenBelowTheHomeDirectory(@TempDir Path directory) throws IOException {
    Path ofDjl = Path.of(System.getProperty("user.home"), ".djl.ai");
    List<Path> before = below(ofDjl); // other software of the user's may have been there
    Tokenizers.loadNativeLibrary(directory);
    try (Tokenizer tokenizer = SmallTokenizer.with("<s>")) {
      assertThat(tokenizer.encode("hi", SpecialTokens.PLAIN)).hasSize(2);
    }
    assertThat(below(ofDjl)).isEqualTo(before);
  }

  private static List<Path> below(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(directory)) {
      return all.sorted().toList();
    }
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
