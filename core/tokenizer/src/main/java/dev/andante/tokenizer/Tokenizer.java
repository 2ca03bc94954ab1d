package dev.andante.tokenizer;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Text to ids and back. All methods may be called by several threads; after {@link #close()}
 * encoding throws {@link IllegalStateException}.
 */
public interface Tokenizer extends AutoCloseable {

  /**
   * The ids of a text, and only of it: no beginning-of-sequence token is added. Bytes for which the
   * vocabulary has no token vanish; unpaired surrogates count as U+FFFD.
   *
   * @throws TokenizerException if the text cannot be encoded
   */
  int[] encode(String text, SpecialTokens mode);

  /**
   * The ids of a text put together from segments. Special tokens are recognised where a trusted
   * segment holds the whole of their text; everything between two of them is encoded as one string,
   * so that segments leave no trace in the ids otherwise.
   */
  int[] encode(List<TextSegment> segments);

  /**
   * The special tokens among the ids that {@link #encode(List)} gives, without encoding the rest.
   */
  int[] specialTokensIn(List<TextSegment> segments);

  /** Texts of all special tokens. */
  Set<String> specialTokens();

  /** Ids run from 0 to one less than this. */
  int vocabularySize();

  OptionalInt bosTokenId();

  /** Whether raw prompts (not chats, whose template sees to it) must start with the bos token. */
  boolean addBos();

  /** The ids that end an answer, the model's main one first; a copy. */
  int[] endTokenIds();

  boolean isSpecial(int id);

  /** The id of a special token by its exact text. */
  OptionalInt idOf(String specialToken);

  /**
   * The bytes that a token adds to the text, a copy; empty for ids outside the vocabulary. They
   * need not be whole characters.
   */
  byte[] bytesOf(int id);

  /**
   * The text of ids. Bytes that form no character become U+FFFD, ids outside the vocabulary
   * nothing.
   */
  String decode(int[] ids, boolean skipSpecial);

  /** Detokenizes one sequence as it grows; special tokens are left out. */
  default IncrementalDetokenizer detokenizer() {
    return detokenizer(true);
  }

  IncrementalDetokenizer detokenizer(boolean skipSpecial);

  /** Frees native memory. Harmless when repeated. */
  @Override
  void close();
}
