package dev.andante.tokenizer;

import java.util.List;
import java.util.Map;

/**
 * How byte-level vocabularies split text before merging: GGUF names the way in {@code
 * tokenizer.ggml.pre}. The patterns are those that the models' own tokenizer.json files carry.
 */
enum PreTokenizer {
  /** GPT-2's split. */
  GPT2 {
    @Override
    Map<String, Object> json() {
      return byteLevel(true);
    }
  },
  /** Digits one by one, then GPT-2's split. */
  DIGITS_THEN_GPT2 {
    @Override
    Map<String, Object> json() {
      return sequence(Map.of("type", "Digits", "individual_digits", true), byteLevel(true));
    }
  },
  /** Digits in groups of up to three; whole words of the vocabulary win over merges. */
  LLAMA3 {
    @Override
    Map<String, Object> json() {
      return sequence(split("\\p{N}{1,3}"), byteLevel(false));
    }
  },
  /** As Llama 3, digits one by one. */
  QWEN2 {
    @Override
    Map<String, Object> json() {
      return sequence(split("\\p{N}"), byteLevel(false));
    }
  };

  /**
   * @throws TokenizerException if the name is not known: another split would give wrong ids without
   *     anybody noticing
   */
  static PreTokenizer named(String name) {
    return switch (name) {
      case "gpt-2", "gpt2", "mpt", "olmo", "jais" -> GPT2;
      case "smollm", "starcoder", "refact", "command-r", "codeshell" -> DIGITS_THEN_GPT2;
      case "llama-bpe", "llama3", "llama-v3" -> LLAMA3;
      case "qwen2", "deepseek-r1-qwen", "stablelm2" -> QWEN2;
      default ->
          throw new TokenizerException(
              "the model's pre-tokenizer '"
                  + name
                  + "' (tokenizer.ggml.pre) is not supported; use the model's safetensors directory"
                  + " with its tokenizer.json instead");
    };
  }

  abstract Map<String, Object> json();

  /** Whether a word that is a token is taken whole, without going through the merges. */
  boolean wholeWordsFirst() {
    return this == LLAMA3;
  }

  private static Map<String, Object> byteLevel(boolean split) {
    return Map.of(
        "type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true, "use_regex", split);
  }

  private static Map<String, Object> split(String digits) {
    String regex =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
            + digits
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    return Map.of(
        "type",
        "Split",
        "pattern",
        Map.of("Regex", regex),
        "behavior",
        "Isolated",
        "invert",
        false);
  }

  private static Map<String, Object> sequence(Map<String, Object> first, Map<String, Object> then) {
    return Map.of("type", "Sequence", "pretokenizers", List.of(first, then));
  }
}
