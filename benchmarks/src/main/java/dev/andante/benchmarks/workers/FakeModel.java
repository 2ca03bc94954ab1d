package dev.andante.benchmarks.workers;

import com.google.protobuf.ByteString;
import dev.andante.format.WeightFile;
import dev.andante.protocol.v1.ModelInfo;
import dev.andante.protocol.v1.Token;
import dev.andante.tokenizer.SpecialTokens;
import dev.andante.tokenizer.Tokenizer;
import dev.andante.tokenizer.TokenizerSpec;
import dev.andante.tokenizer.TokenizerSpecs;
import dev.andante.tokenizer.Tokenizers;
import java.util.Arrays;
import java.util.List;

/**
 * What the workers say of their model, and what it always answers: the same tokens, over and over.
 *
 * @param tokens of the answer, from its start
 */
record FakeModel(ModelInfo info, List<Token> tokens) {

  private static final String TEXT =
      " The river was low that summer, and the ferry went across it twice a day with nobody but the"
          + " postman on board, who read the letters that were not sealed.";

  /** With the tokenizer of a weight file, and a context of any length. */
  static FakeModel of(WeightFile file, int context) {
    TokenizerSpec spec =
        TokenizerSpecs.from(file)
            .orElseThrow(() -> new IllegalArgumentException("the model has no tokenizer"));
    Tokenizer tokenizer = Tokenizers.create(spec);
    ModelInfo.Builder info =
        ModelInfo.newBuilder()
            .setName("fake")
            .setFingerprint("fake")
            .setContextLength(context)
            .setVocabularySize(tokenizer.vocabularySize())
            .setBosTokenId(spec.bosTokenId().orElse(-1))
            .setAddBos(spec.addBos())
            .setBosToken(spec.bosToken())
            .setEosToken(spec.eosToken())
            .setTokenizerJson(ByteString.copyFrom(spec.tokenizerJson()))
            .setChatTemplate(spec.chatTemplate())
            .putAllSpecialTokens(spec.specialTokens());
    Arrays.stream(spec.endTokenIds()).forEach(info::addEndTokenIds);
    List<Token> tokens =
        Arrays.stream(tokenizer.encode(TEXT, SpecialTokens.PARSE))
            .mapToObj(id -> Token.newBuilder().setId(id).build())
            .toList();
    return new FakeModel(info.build(), tokens);
  }

  Token token(int position) {
    return tokens.get(position % tokens.size());
  }
}
