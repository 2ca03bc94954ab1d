package dev.andante.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template. Immutable, for all threads.
 *
 * <p>{@link #encode} guarantees that control tokens come from the template only: whatever stands in
 * a message's content (or in an unusual role, or in the extra variables) becomes ordinary tokens.
 * For content without special-token text the ids are those of {@link #render}'s text with special
 * tokens recognised. How: the template is rendered with the content between marks that nobody could
 * have written, and special tokens are recognised outside them. A second rendering, in which no
 * character of the content can be part of a special token, must come to the same control tokens; if
 * it does not, the template has done something to the content that hides where it went, and the
 * second rendering is the one that is used.
 */
public final class ChatTemplate {
  private static final int LONGEST_TEMPLATE = 1 << 18;
  private static final int DEEPEST_VARIABLE = 32;

  /** Roles that templates write between the brackets of a control token, as {@code <|user|>}. */
  private static final Set<String> USUAL_ROLES =
      Set.of("system", "user", "assistant", "tool", "developer", "function", "ipython", "model");

  private final String source;
  private final String template;
  private final String bosToken;
  private final String eosToken;
  private final TemplateEngine engine = new TemplateEngine();

  /**
   * @param template Jinja, as in {@code tokenizer_config.json}
   * @throws ChatTemplateException if it is longer than 256 Ki characters or uses what is not
   *     supported
   */
  public ChatTemplate(String template, String bosToken, String eosToken) {
    if (template.length() > LONGEST_TEMPLATE) {
      throw new ChatTemplateException("the chat template is longer than 256 Ki", false, null);
    }
    this.source = template;
    this.template = TemplateDialect.toJinjava(template);
    engine.requireKnownNames(this.template);
    this.bosToken = bosToken;
    this.eosToken = eosToken;
  }

  /** The template of a model, or empty if it has none. */
  public static Optional<ChatTemplate> of(TokenizerSpec spec) {
    return spec.chatTemplate().isEmpty()
        ? Optional.empty()
        : Optional.of(new ChatTemplate(spec.chatTemplate(), spec.bosToken(), spec.eosToken()));
  }

  /** The template as the model's makers wrote it. */
  public String source() {
    return source;
  }

  /**
   * The chat as text. Do not encode this with special tokens recognised: use {@link #encode}.
   *
   * @param extra further variables for the template ({@code tools}, say): strings, numbers,
   *     booleans, lists and maps
   * @throws ChatTemplateException if the template refuses the messages or does not work
   */
  public String render(List<Message> messages, boolean addGenerationPrompt, Map<String, ?> extra) {
    return render(messages, addGenerationPrompt, extra, UnaryOperator.identity());
  }

  public int[] encode(List<Message> messages, boolean addGenerationPrompt, Tokenizer tokenizer) {
    return encode(messages, addGenerationPrompt, Map.of(), tokenizer);
  }

  /**
   * The ids that a model is given for a chat.
   *
   * @throws ChatTemplateException if the template refuses the messages or does not work
   */
  public int[] encode(
      List<Message> messages,
      boolean addGenerationPrompt,
      Map<String, ?> extra,
      Tokenizer tokenizer) {
    return tokenizer.encode(segments(messages, addGenerationPrompt, extra, tokenizer));
  }

  /** The rendered chat, in segments that tell the template's text from the messages'. */
  List<TextSegment> segments(
      List<Message> messages,
      boolean addGenerationPrompt,
      Map<String, ?> extra,
      Tokenizer tokenizer) {
    List<String> inputs = new ArrayList<>(List.of(template, bosToken, eosToken));
    String rendered =
        render(
            messages,
            addGenerationPrompt,
            extra,
            text -> {
              inputs.add(text);
              return text;
            });
    ContentGuard guard = new ContentGuard(inputs, tokenizer.specialTokens());
    List<TextSegment> inert =
        guard.segments(render(messages, addGenerationPrompt, extra, guard::alias));
    int[] controls = tokenizer.specialTokensIn(inert);
    List<TextSegment> wrapped =
        guard.segments(render(messages, addGenerationPrompt, extra, guard::wrap));
    if (joined(wrapped).equals(rendered)
        && Arrays.equals(controls, tokenizer.specialTokensIn(wrapped))) {
      return wrapped;
    }
    List<TextSegment> broken =
        guard.segments(render(messages, addGenerationPrompt, extra, guard::breakUp));
    return Arrays.equals(controls, tokenizer.specialTokensIn(broken)) ? broken : inert;
  }

  private String render(
      List<Message> messages,
      boolean addGenerationPrompt,
      Map<String, ?> extra,
      UnaryOperator<String> guard) {
    Map<String, Object> variables = new LinkedHashMap<>();
    extra.forEach((name, value) -> variables.put(name, guarded(value, guard, 0)));
    variables.put("bos_token", bosToken);
    variables.put("eos_token", eosToken);
    variables.put("add_generation_prompt", addGenerationPrompt);
    List<Object> list = new ArrayList<>(messages.size());
    for (Message message : messages) {
      Map<String, Object> fields = new LinkedHashMap<>();
      String role = message.role();
      fields.put("role", USUAL_ROLES.contains(role) ? role : guard.apply(role));
      fields.put("content", guard.apply(message.content()));
      list.add(fields);
    }
    variables.put("messages", list);
    return engine.render(template, variables);
  }

  private static @Nullable Object guarded(
      @Nullable Object value, UnaryOperator<String> guard, int depth) {
    if (depth > DEEPEST_VARIABLE) {
      throw new ChatTemplateException(
          "the tools or other variables are nested too deeply", true, null);
    }
    return switch (value) {
      case String text -> isWord(text) ? text : guard.apply(text);
      case List<?> list -> {
        List<@Nullable Object> copy = new ArrayList<>(list.size());
        list.forEach(element -> copy.add(guarded(element, guard, depth + 1)));
        yield copy;
      }
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> copy = LinkedHashMap.newLinkedHashMap(map.size());
        map.forEach(
            (key, element) -> {
              String name = String.valueOf(key);
              copy.put(isWord(name) ? name : guard.apply(name), guarded(element, guard, depth + 1));
            });
        yield copy;
      }
      case null, default -> value;
    };
  }

  /** Names in tool definitions, which templates compare and look up. */
  private static boolean isWord(String text) {
    return text.length() <= 64
        && text.chars()
            .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || c == '_' || c == '-'));
  }

  private static String joined(List<TextSegment> segments) {
    StringBuilder text = new StringBuilder();
    segments.forEach(segment -> text.append(segment.text()));
    return text.toString();
  }
}
