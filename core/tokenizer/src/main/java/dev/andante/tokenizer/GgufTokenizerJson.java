package dev.andante.tokenizer;

import dev.andante.format.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the {@code tokenizer.json} that a GGUF file's metadata amounts to. */
final class GgufTokenizerJson {
  private final Metadata metadata;
  private final GgufVocabulary vocabulary;

  GgufTokenizerJson(Metadata metadata, GgufVocabulary vocabulary) {
    this.metadata = metadata;
    this.vocabulary = vocabulary;
  }

  byte[] write() {
    String model = metadata.string("tokenizer.ggml.model").orElse("");
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("version", "1.0");
    json.put("truncation", null);
    json.put("padding", null);
    json.put("added_tokens", addedTokens());
    switch (model) {
      case "gpt2" -> putByteLevel(json);
      case "llama" -> putSentencePiece(json);
      default ->
          throw new TokenizerException(
              "the model's tokenizer '"
                  + model
                  + "' (tokenizer.ggml.model) is not supported; gpt2 and llama are. Use the model's"
                  + " safetensors directory with its tokenizer.json instead");
    }
    return JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8);
  }

  private void putByteLevel(Map<String, Object> json) {
    String name = metadata.string("tokenizer.ggml.pre").orElse("gpt-2");
    PreTokenizer split = PreTokenizer.named(name);
    json.put("normalizer", split == PreTokenizer.QWEN2 ? Map.of("type", "NFC") : null);
    json.put("pre_tokenizer", split.json());
    json.put("post_processor", null);
    json.put(
        "decoder",
        Map.of(
            "type",
            "ByteLevel",
            "add_prefix_space",
            true,
            "trim_offsets",
            true,
            "use_regex",
            true));
    Map<String, Integer> ids = vocabulary.ids();
    List<Object> merges = new ArrayList<>(vocabulary.merges().size());
    for (String merge : vocabulary.merges()) {
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        throw new TokenizerException(
            "a merge of the vocabulary has one part only; convert the model again");
      }
      merges.add(List.of(merge.substring(0, space), merge.substring(space + 1)));
    }
    Map<String, Object> bpe = bpe(ids, merges);
    bpe.put("unk_token", null);
    bpe.put("fuse_unk", false);
    bpe.put("byte_fallback", false);
    bpe.put("ignore_merges", split.wholeWordsFirst());
    json.put("model", bpe);
  }

  private void putSentencePiece(Map<String, Object> json) {
    boolean prefix = metadata.bool("tokenizer.ggml.add_space_prefix", true);
    Map<String, Object> spaces =
        Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", "▁");
    Map<String, Object> prepend = Map.of("type", "Prepend", "prepend", "▁");
    json.put(
        "normalizer",
        Map.of(
            "type",
            "Sequence",
            "normalizers",
            prefix ? List.of(prepend, spaces) : List.of(spaces)));
    json.put("pre_tokenizer", null);
    json.put("post_processor", null);
    List<Object> decoders = new ArrayList<>();
    decoders.add(Map.of("type", "Replace", "pattern", Map.of("String", "▁"), "content", " "));
    decoders.add(Map.of("type", "ByteFallback"));
    decoders.add(Map.of("type", "Fuse"));
    if (prefix) {
      decoders.add(Map.of("type", "Strip", "content", " ", "start", 1, "stop", 0));
    }
    json.put("decoder", Map.of("type", "Sequence", "decoders", decoders));
    Map<String, Integer> ids = vocabulary.ids();
    Map<String, Object> bpe = bpe(ids, SentencePieceMerges.of(vocabulary, ids));
    long unknown = metadata.integer("tokenizer.ggml.unknown_token_id", 0);
    boolean known = unknown >= 0 && unknown < vocabulary.tokens().size();
    bpe.put("unk_token", known ? vocabulary.tokens().get((int) unknown) : null);
    bpe.put("fuse_unk", true);
    bpe.put("byte_fallback", true);
    bpe.put("ignore_merges", false);
    json.put("model", bpe);
  }

  private static Map<String, Object> bpe(Map<String, Integer> ids, List<?> merges) {
    Map<String, Object> bpe = new LinkedHashMap<>();
    bpe.put("type", "BPE");
    bpe.put("dropout", null);
    bpe.put("continuing_subword_prefix", null);
    bpe.put("end_of_word_suffix", null);
    bpe.put("vocab", ids);
    bpe.put("merges", merges);
    return bpe;
  }

  /** Control tokens are special; tokens that the makers added by hand are matched everywhere. */
  private List<Object> addedTokens() {
    List<Object> added = new ArrayList<>();
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      int type = vocabulary.type(id);
      String text = vocabulary.tokens().get(id);
      boolean control = type == GgufVocabulary.CONTROL || type == GgufVocabulary.UNKNOWN;
      if ((control || type == GgufVocabulary.USER_DEFINED) && !text.isEmpty()) {
        Map<String, Object> token = new LinkedHashMap<>();
        token.put("id", id);
        token.put("content", text);
        token.put("single_word", false);
        token.put("lstrip", false);
        token.put("rstrip", false);
        token.put("normalized", false);
        token.put("special", control);
        added.add(token);
      }
    }
    return added;
  }
}
