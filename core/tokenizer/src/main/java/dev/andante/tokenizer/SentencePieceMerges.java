package dev.andante.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Merges for a vocabulary that has only scores, as SentencePiece's BPE models do: every way to put
 * a token together out of two others, best score first. The order among equals is that of Hugging
 * Face's converter (longer left part, then longer right part).
 */
final class SentencePieceMerges {
  private static final int LONGEST_TOKEN = 256;

  private record Merge(String left, String right, float score) {}

  private SentencePieceMerges() {}

  static List<List<String>> of(GgufVocabulary vocabulary, Map<String, Integer> ids) {
    if (vocabulary.scores().length == 0) {
      throw new TokenizerException(
          "the vocabulary has no scores (tokenizer.ggml.scores); convert the model again");
    }
    List<Merge> merges = new ArrayList<>();
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      String token = vocabulary.tokens().get(id);
      if (vocabulary.type(id) == 1 && token.length() > 1 && token.length() <= LONGEST_TOKEN) {
        addSplits(token, vocabulary, ids, vocabulary.scores()[id], merges);
      }
    }
    merges.sort(
        Comparator.comparingDouble(Merge::score)
            .thenComparingInt(merge -> merge.left().length())
            .thenComparingInt(merge -> merge.right().length())
            .reversed());
    return merges.stream().map(merge -> List.of(merge.left(), merge.right())).toList();
  }

  private static void addSplits(
      String token,
      GgufVocabulary vocabulary,
      Map<String, Integer> ids,
      float score,
      List<Merge> merges) {
    List<Merge> own = new ArrayList<>();
    for (int cut = 1; cut < token.length(); cut++) {
      if (Character.isLowSurrogate(token.charAt(cut))) {
        continue;
      }
      String left = token.substring(0, cut);
      String right = token.substring(cut);
      if (isOrdinary(left, vocabulary, ids) && isOrdinary(right, vocabulary, ids)) {
        own.add(new Merge(left, right, score));
      }
    }
    own.sort(
        Comparator.comparing((Merge merge) -> ids.get(merge.left()))
            .thenComparing(merge -> ids.get(merge.right())));
    merges.addAll(own);
  }

  private static boolean isOrdinary(
      String part, GgufVocabulary vocabulary, Map<String, Integer> ids) {
    Integer id = ids.get(part);
    return id != null && vocabulary.type(id) == 1;
  }
}
