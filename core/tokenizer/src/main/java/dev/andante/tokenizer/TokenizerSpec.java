package dev.andante.tokenizer;

import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;

/**
 * All that is needed to make a {@link Tokenizer} and a {@link ChatTemplate}, in a form that
 * travels. Arrays are not copied: do not write to them.
 *
 * @param tokenizerJson a Hugging Face {@code tokenizer.json}, UTF-8
 * @param specialTokens control tokens by their text
 * @param addBos whether raw prompts start with the bos token
 * @param endTokenIds the ids that end an answer, the main one first
 * @param bosToken text of the bos token, "" where there is none
 * @param eosToken text of the end token, "" where there is none
 * @param chatTemplate Jinja, "" where the model has none
 */
public record TokenizerSpec(
    byte[] tokenizerJson,
    Map<String, Integer> specialTokens,
    OptionalInt bosTokenId,
    boolean addBos,
    int[] endTokenIds,
    String bosToken,
    String eosToken,
    String chatTemplate) {

  public TokenizerSpec {
    specialTokens = Map.copyOf(specialTokens);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenizerSpec that
        && Arrays.equals(tokenizerJson, that.tokenizerJson)
        && specialTokens.equals(that.specialTokens)
        && bosTokenId.equals(that.bosTokenId)
        && addBos == that.addBos
        && Arrays.equals(endTokenIds, that.endTokenIds)
        && bosToken.equals(that.bosToken)
        && eosToken.equals(that.eosToken)
        && chatTemplate.equals(that.chatTemplate);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(tokenizerJson);
  }

  @Override
  public String toString() {
    return "TokenizerSpec[%d bytes, %d special tokens, bos %s, end %s]"
        .formatted(
            tokenizerJson.length, specialTokens.size(), bosToken, Arrays.toString(endTokenIds));
  }
}
