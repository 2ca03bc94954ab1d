package dev.andante.tokenizer;

import dev.andante.format.Metadata;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The {@code tokenizer.ggml.*} arrays of a GGUF file. */
record GgufVocabulary(List<String> tokens, int[] types, float[] scores, List<String> merges) {
  private static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;

  static GgufVocabulary read(Metadata metadata) {
    List<String> tokens = metadata.strings("tokenizer.ggml.tokens");
    if (tokens.isEmpty()) {
      throw new TokenizerException(
          "the file has no vocabulary (tokenizer.ggml.tokens); convert the model again");
    }
    int[] types = metadata.ints("tokenizer.ggml.token_type");
    float[] scores = metadata.floats("tokenizer.ggml.scores");
    if ((types.length != 0 && types.length != tokens.size())
        || (scores.length != 0 && scores.length != tokens.size())) {
      throw new TokenizerException(
          "the vocabulary, its types and its scores differ in length; convert the model again");
    }
    return new GgufVocabulary(tokens, types, scores, metadata.strings("tokenizer.ggml.merges"));
  }

  int type(int id) {
    return types.length == 0 ? NORMAL : types[id];
  }

  /** Ids by text; where two tokens share a text the first keeps it. */
  Map<String, Integer> ids() {
    Map<String, Integer> ids = LinkedHashMap.newLinkedHashMap(tokens.size());
    for (int id = 0; id < tokens.size(); id++) {
      ids.putIfAbsent(tokens.get(id), id);
    }
    return ids;
  }

  /** Control tokens by text, in id order. */
  Map<String, Integer> controls() {
    Map<String, Integer> controls = new LinkedHashMap<>();
    for (int id = 0; id < tokens.size(); id++) {
      if (type(id) == CONTROL && !tokens.get(id).isEmpty()) {
        controls.putIfAbsent(tokens.get(id), id);
      }
    }
    return controls;
  }
}
