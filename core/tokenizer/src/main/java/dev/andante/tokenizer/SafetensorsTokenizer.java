package dev.andante.tokenizer;

import dev.andante.format.Json;
import dev.andante.format.SafetensorsFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code tokenizer.json} and the small files beside it in a safetensors directory. */
final class SafetensorsTokenizer {
  private static final String TOKENIZER = "tokenizer.json";

  private final SafetensorsFile file;
  private final Map<String, Object> settings;
  private final TokenizerJson json;

  private SafetensorsTokenizer(SafetensorsFile file, byte[] tokenizerJson) {
    this.file = file;
    this.settings = companion("tokenizer_config.json");
    this.json = TokenizerJson.parse(file.directory().resolve(TOKENIZER), tokenizerJson);
  }

  static Optional<TokenizerSpec> read(SafetensorsFile file) {
    return file.companion(TOKENIZER)
        .map(bytes -> new SafetensorsTokenizer(file, bytes).spec(bytes));
  }

  private TokenizerSpec spec(byte[] tokenizerJson) {
    Map<String, Integer> special = json.specialTokens();
    String bosToken = token(settings.get("bos_token"));
    String eosToken = token(settings.get("eos_token"));
    OptionalInt bos = json.idOf(bosToken);
    Object addBos = settings.get("add_bos_token");
    boolean adds = addBos instanceof Boolean said ? said : json.startsWith(bosToken);
    return new TokenizerSpec(
        tokenizerJson,
        special,
        bos,
        adds && bos.isPresent(),
        endTokens(eosToken),
        bosToken,
        eosToken,
        chatTemplate());
  }

  private int[] endTokens(String eosToken) {
    Set<Integer> ends = new LinkedHashSet<>();
    addIds(companion("generation_config.json").get("eos_token_id"), ends);
    file.config().ifPresent(config -> addIds(config.get("eos_token_id"), ends));
    json.idOf(eosToken).ifPresent(ends::add);
    return ends.stream().mapToInt(Integer::intValue).toArray();
  }

  private static void addIds(@Nullable Object value, Set<Integer> ids) {
    switch (value) {
      case Long id when id >= 0 && id <= Integer.MAX_VALUE -> ids.add(id.intValue());
      case List<?> list -> list.forEach(element -> addIds(element, ids));
      case null, default -> {}
    }
  }

  private String chatTemplate() {
    Optional<byte[]> own = file.companion("chat_template.jinja");
    if (own.isPresent()) {
      return new String(own.get(), StandardCharsets.UTF_8);
    }
    return switch (settings.get("chat_template")) {
      case String template -> template;
      case List<?> named ->
          named.stream()
              .map(this::defaultTemplate)
              .filter(t -> !t.isEmpty())
              .findFirst()
              .orElse("");
      case null, default -> "";
    };
  }

  private String defaultTemplate(Object entry) {
    return entry instanceof Map<?, ?> map
            && "default".equals(map.get("name"))
            && map.get("template") instanceof String template
        ? template
        : "";
  }

  /** A token is named by its text or by an object that has it. */
  private static String token(@Nullable Object value) {
    return switch (value) {
      case String text -> text;
      case Map<?, ?> map when map.get("content") instanceof String text -> text;
      case null, default -> "";
    };
  }

  private Map<String, Object> companion(String name) {
    Path path = file.directory().resolve(name);
    return file.companion(name).map(bytes -> Json.parseObject(path, bytes)).orElse(Map.of());
  }
}
