package dev.andante.host.model;

import dev.andante.tokenizer.TokenizerSpec;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;

/**
 * A tokenizer whose 256 tokens are the bytes, token id = byte value, without end token: what dummy
 * models speak.
 */
final class ByteTokenizerSpec {

  private static final String CHAT_TEMPLATE =
      "{% for message in messages %}{{ message['content'] }}\n{% endfor %}";

  private ByteTokenizerSpec() {}

  static TokenizerSpec create() {
    StringBuilder vocabulary = new StringBuilder();
    int next = 256;
    for (int b = 0; b < 256; b++) {
      // GPT-2's byte alphabet: printable bytes stand for themselves, the others for U+0100 onwards.
      int letter = printable(b) ? b : next++;
      vocabulary.append(b == 0 ? "" : ",").append('"');
      if (letter == '"' || letter == '\\') {
        vocabulary.append('\\');
      }
      vocabulary.appendCodePoint(letter).append("\":").append(b);
    }
    String json =
        """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
        "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
        "post_processor":null,
        "decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
        "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
        "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"vocab":{%s},"merges":[]}}
        """
            .formatted(vocabulary);
    return new TokenizerSpec(
        json.getBytes(StandardCharsets.UTF_8),
        Map.of(),
        OptionalInt.empty(),
        false,
        new int[0],
        "",
        "",
        CHAT_TEMPLATE);
  }

  private static boolean printable(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
  }
}
