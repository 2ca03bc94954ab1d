package dev.andante.tokenizer;

import dev.andante.tokenizer.SpecialTokenSplitter.Piece;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Encodes with the native library, in two tokenizers: one that knows the special tokens and one
 * that does not. Detokenizes by table.
 */
final class HuggingFaceTokenizer implements Tokenizer {
  private final TokenizerSpec spec;
  private final int size;
  private final Map<String, Integer> specialIds;
  private final BitSet special = new BitSet();
  private final TokenBytes texts;
  private final SpecialTokenSplitter splitter;
  private final NativeTokenizer parsing;
  private final NativeTokenizer plain;

  HuggingFaceTokenizer(TokenizerSpec spec, TokenizerJson json) {
    this.spec = spec;
    this.size = json.size();
    this.specialIds = Collections.unmodifiableMap(json.specialTokens());
    this.splitter = new SpecialTokenSplitter(json.added());
    specialIds.values().forEach(special::set);
    this.texts = TokenBytes.of(json);
    this.parsing = new NativeTokenizer(json.withSpecialTokens());
    try {
      this.plain = new NativeTokenizer(json.withoutSpecialTokens());
    } catch (RuntimeException e) {
      parsing.close();
      throw e;
    }
  }

  @Override
  public int[] encode(String text, SpecialTokens mode) {
    return text.isEmpty()
        ? new int[0]
        : switch (mode) {
          case PARSE -> parsing.encode(text);
          case PLAIN -> plain.encode(text);
        };
  }

  @Override
  public int[] encode(List<TextSegment> segments) {
    IntStream.Builder ids = IntStream.builder();
    for (Piece piece : splitter.split(segments)) {
      switch (piece) {
        case Piece.Special(int id) -> ids.add(id);
        case Piece.Text(String text) -> {
          for (int id : plain.encode(text)) {
            ids.add(id);
          }
        }
      }
    }
    return ids.build().toArray();
  }

  @Override
  public int[] specialTokensIn(List<TextSegment> segments) {
    return splitter.split(segments).stream()
        .mapMulti(
            (Piece piece, Consumer<Integer> sink) -> {
              if (piece instanceof Piece.Special(int id)) {
                sink.accept(id);
              }
            })
        .mapToInt(Integer::intValue)
        .toArray();
  }

  @Override
  public Set<String> specialTokens() {
    return specialIds.keySet();
  }

  @Override
  public int vocabularySize() {
    return size;
  }

  @Override
  public OptionalInt bosTokenId() {
    return spec.bosTokenId();
  }

  @Override
  public boolean addBos() {
    return spec.addBos();
  }

  @Override
  public int[] endTokenIds() {
    return spec.endTokenIds().clone();
  }

  @Override
  public boolean isSpecial(int id) {
    return id >= 0 && special.get(id);
  }

  @Override
  public OptionalInt idOf(String specialToken) {
    Integer id = specialIds.get(specialToken);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public byte[] bytesOf(int id) {
    return texts.of(id).clone();
  }

  @Override
  public String decode(int[] ids, boolean skipSpecial) {
    IncrementalDetokenizer detokenizer = detokenizer(skipSpecial);
    StringBuilder text = new StringBuilder(ids.length * 4);
    for (int id : ids) {
      text.append(detokenizer.add(id));
    }
    return text.append(detokenizer.flush()).toString();
  }

  @Override
  public IncrementalDetokenizer detokenizer(boolean skipSpecial) {
    return new IncrementalDetokenizer(texts, id -> skipSpecial && isSpecial(id));
  }

  @Override
  public void close() {
    parsing.close();
    plain.close();
  }
}
