package dev.andante.tokenizer;

import dev.andante.format.GgufFile;
import dev.andante.format.Metadata;
import dev.andante.format.SafetensorsFile;
import dev.andante.format.WeightFile;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Makes a {@link TokenizerSpec} out of a model. */
public final class TokenizerSpecs {
  /** Control tokens that end a turn or a text whatever the metadata call the end token. */
  private static final Set<String> ENDS =
      Set.of(
          "<|im_end|>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|end|>",
          "<end_of_turn>");

  private TokenizerSpecs() {}

  /**
   * @return empty for safetensors without a {@code tokenizer.json}: such a model takes ids only
   * @throws TokenizerException if there is a tokenizer of a kind that is not supported
   * @throws dev.andante.format.ModelFormatException if its files are damaged
   */
  public static Optional<TokenizerSpec> from(WeightFile file) {
    return switch (file) {
      case GgufFile gguf -> Optional.of(from(gguf));
      case SafetensorsFile safetensors -> from(safetensors);
    };
  }

  public static Optional<TokenizerSpec> from(SafetensorsFile file) {
    return SafetensorsTokenizer.read(file);
  }

  public static TokenizerSpec from(GgufFile file) {
    Metadata metadata = file.metadata();
    GgufVocabulary vocabulary = GgufVocabulary.read(metadata);
    Map<String, Integer> controls = vocabulary.controls();
    OptionalInt bos = id(metadata, "bos", vocabulary);
    OptionalInt eos = id(metadata, "eos", vocabulary);
    return new TokenizerSpec(
        new GgufTokenizerJson(metadata, vocabulary).write(),
        controls,
        bos,
        metadata.bool("tokenizer.ggml.add_bos_token", addsBosByDefault(metadata))
            && bos.isPresent(),
        endTokens(metadata, vocabulary, controls),
        text(bos, vocabulary.tokens()),
        text(eos, vocabulary.tokens()),
        metadata.string("tokenizer.chat_template").orElse(""));
  }

  /** What llama.cpp assumes where a file does not say. */
  private static boolean addsBosByDefault(Metadata metadata) {
    String pre = metadata.string("tokenizer.ggml.pre").orElse("");
    return metadata.string("tokenizer.ggml.model").orElse("").equals("llama")
        || pre.equals("llama-bpe")
        || pre.equals("llama3")
        || pre.equals("llama-v3");
  }

  private static int[] endTokens(
      Metadata metadata, GgufVocabulary vocabulary, Map<String, Integer> controls) {
    Set<Integer> ends = new LinkedHashSet<>();
    for (String kind : List.of("eos", "eot", "eom")) {
      id(metadata, kind, vocabulary).ifPresent(ends::add);
    }
    controls.forEach(
        (text, id) -> {
          if (ENDS.contains(text)) {
            ends.add(id);
          }
        });
    return ends.stream().mapToInt(Integer::intValue).toArray();
  }

  private static OptionalInt id(Metadata metadata, String kind, GgufVocabulary vocabulary) {
    long id = metadata.integer("tokenizer.ggml." + kind + "_token_id", -1);
    return id >= 0 && id < vocabulary.tokens().size()
        ? OptionalInt.of((int) id)
        : OptionalInt.empty();
  }

  private static String text(OptionalInt id, List<String> tokens) {
    return id.isPresent() ? tokens.get(id.getAsInt()) : "";
  }
}
