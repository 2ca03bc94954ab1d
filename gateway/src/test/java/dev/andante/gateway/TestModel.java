package dev.andante.gateway;

import com.google.protobuf.ByteString;
import dev.andante.protocol.v1.ModelInfo;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A model whose tokens are bytes, so that every character of several bytes spans tokens. */
public final class TestModel {

  public static final int IM_START = 256;
  public static final int END = 257;
  public static final int CONTEXT = 256;
  static final int VOCABULARY = 258;
  public static final String NAME = "bytes";

  private static final String TEMPLATE =
      "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
          + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

  private TestModel() {}

  public static ModelInfo info(String name, boolean tokenizer) {
    ModelInfo.Builder info =
        ModelInfo.newBuilder()
            .setName(name)
            .setFingerprint("fingerprint-" + name)
            .setContextLength(CONTEXT)
            .setVocabularySize(VOCABULARY)
            .addEndTokenIds(END)
            .setBosTokenId(-1)
            .setChatTemplate(TEMPLATE)
            .putSpecialTokens("<|im_start|>", IM_START)
            .putSpecialTokens("<|im_end|>", END)
            .setEosToken("<|im_end|>");
    if (tokenizer) {
      info.setTokenizerJson(ByteString.copyFromUtf8(tokenizerJson()));
    }
    return info.build();
  }

  /** The tokens of a text. */
  public static List<Integer> tokens(String text) {
    List<Integer> tokens = new ArrayList<>();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      tokens.add(b & 0xff);
    }
    return tokens;
  }

  /** The text of tokens, special ones written out. */
  public static String text(List<Integer> tokens) {
    StringBuilder latin = new StringBuilder();
    for (int token : tokens) {
      switch (token) {
        case IM_START -> latin.append("<|im_start|>");
        case END -> latin.append("<|im_end|>");
        default -> latin.append((char) token);
      }
    }
    return new String(
        latin.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private static String tokenizerJson() {
    StringBuilder vocab = new StringBuilder();
    int beyond = 0;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      int symbol = printable ? b : 256 + beyond++; // GPT-2's alphabet of bytes
      vocab.append(b == 0 ? "" : ",").append("\"\\u%04x\":%d".formatted(symbol, b));
    }
    return """
    {"version":"1.0","truncation":null,"padding":null,
     "added_tokens":[
      {"id":256,"content":"<|im_start|>","single_word":false,"lstrip":false,"rstrip":false,
       "normalized":false,"special":true},
      {"id":257,"content":"<|im_end|>","single_word":false,"lstrip":false,"rstrip":false,
       "normalized":false,"special":true}],
     "normalizer":null,
     "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,
      "use_regex":true},
     "post_processor":null,
     "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
     "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
      "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
      "vocab":{%s},"merges":[]}}
    """
        .formatted(vocab);
  }
}
