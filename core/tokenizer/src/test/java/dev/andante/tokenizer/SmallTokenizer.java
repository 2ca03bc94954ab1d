package dev.andante.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A byte-level tokenizer of 256 bytes and some special tokens, for tests without a model. */
final class SmallTokenizer {
  private SmallTokenizer() {}

  static Tokenizer with(String... special) {
    return Tokenizers.create(spec("", special));
  }

  static TokenizerSpec spec(String template, String... special) {
    Map<String, Integer> vocab = new LinkedHashMap<>();
    for (int b = 0, next = 0x100; b < 256; b++) {
      boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 255 && b != 173);
      vocab.put(String.valueOf((char) (printable ? b : next++)), b);
    }
    List<Object> added = new ArrayList<>();
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (String text : special) {
      int id = 256 + ids.size();
      vocab.put(text, id);
      ids.put(text, id);
      added.add(
          Map.of(
              "id",
              id,
              "content",
              text,
              "special",
              true,
              "single_word",
              false,
              "lstrip",
              false,
              "rstrip",
              false,
              "normalized",
              false));
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("version", "1.0");
    json.put("added_tokens", added);
    json.put("pre_tokenizer", PreTokenizer.GPT2.json());
    json.put("decoder", PreTokenizer.GPT2.json());
    json.put("model", Map.of("type", "BPE", "vocab", vocab, "merges", List.of()));
    return new TokenizerSpec(
        JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8),
        ids,
        OptionalInt.empty(),
        false,
        new int[0],
        special.length > 0 ? special[0] : "",
        special.length > 1 ? special[1] : "",
        template);
  }
}
