package dev.andante.tokenizer;

import java.nio.file.Path;

/** Makes tokenizers. The caller closes them. */
public final class Tokenizers {
  private static final Path SOURCE = Path.of("tokenizer.json");

  private Tokenizers() {}

  /**
   * Needs a temporary directory from which native libraries may be loaded, unless {@link
   * #loadNativeLibrary} was called before.
   *
   * @throws TokenizerException if the spec is no valid tokenizer or the native library does not
   *     load
   */
  public static Tokenizer create(TokenizerSpec spec) {
    NativeLibrary.load();
    return new HuggingFaceTokenizer(spec, TokenizerJson.parse(SOURCE, spec.tokenizerJson()));
  }

  /**
   * Loads the native library from a directory of the operator's choice, where it is put if it is
   * missing. Without effect once a library is loaded.
   *
   * @throws TokenizerException if that fails
   */
  public static void loadNativeLibrary(Path directory) {
    NativeLibrary.load(directory);
  }
}
