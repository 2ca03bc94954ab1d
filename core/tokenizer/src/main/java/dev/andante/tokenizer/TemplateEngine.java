package dev.andante.tokenizer;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TagCycleException;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.interpret.TemplateError.ErrorType;
import dev.andante.tokenizer.TemplateFunctions.RaisedException;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * jinjava, set up to render as transformers does with Jinja2 (blocks trimmed, values never rendered
 * again), without a way to files, classes or other templates, and with limits. For all threads.
 */
final class TemplateEngine {
  private static final int LONGEST_OUTPUT = 1 << 24;
  private static final int LARGEST_COLLECTION = 1 << 16;
  private static final int LONGEST_RANGE = 10_000;
  private static final int MOST_STEPS = 1_000_000;
  private static final long MOST_NANOS = 2_000_000_000L;

  private static final Map<Library, Set<String>> DISABLED =
      Map.of(
          Library.TAG,
          Set.of("include", "import", "from", "extends", "block", "cycle", "ifchanged", "unless"),
          Library.FILTER,
          Set.of(
              "render",
              "fromjson",
              "fromyaml",
              "toyaml",
              "log",
              "random",
              "shuffle",
              "center",
              "format",
              "wordwrap",
              "batch",
              "slice",
              "xmlattr",
              "urlize",
              "ipaddr",
              "pprint"));

  private static final LegacyOverrides LIKE_JINJA2 =
      LegacyOverrides.newBuilder()
          .withEvaluateMapKeys(true)
          .withIterateOverMapKeys(true)
          .withUsePyishObjectMapper(true)
          .withUseNaturalOperatorPrecedence(true)
          .withParseWhitespaceControlStrictly(true)
          .withAllowAdjacentTextNodes(true)
          .withUseTrimmingForNotesAndExpressions(true)
          .withKeepNullableLoopValues(true)
          .withHandleBackslashInQuotesOnly(true)
          .build();

  private final Jinjava jinjava;

  TemplateEngine() {
    jinjava = new Jinjava(config(new Budget()));
    jinjava.setResourceLocator(
        (name, charset, interpreter) -> {
          throw new IOException("chat templates cannot load other templates");
        });
    TemplateFunctions.register(jinjava);
  }

  /**
   * Makes sure that the filters and tests of a template exist: jinjava takes the value of an
   * unknown one to be empty.
   *
   * @throws ChatTemplateException if one does not
   */
  void requireKnownNames(String template) {
    for (String name : TemplateDialect.filters(template)) {
      if (jinjava.getGlobalContext().getFilter(name) == null) {
        throw failure("there is no filter " + name, null);
      }
    }
    for (String name : TemplateDialect.tests(template)) {
      if (jinjava.getGlobalContext().getExpTest(name) == null) {
        throw failure("there is no test " + name, null);
      }
    }
  }

  /**
   * @param template already in jinjava's dialect
   * @throws ChatTemplateException if the template is broken, raises, or passes a limit
   */
  String render(String template, Map<String, Object> variables) {
    RenderResult result;
    try {
      result = jinjava.renderForResult(template, variables, config(new Budget()));
    } catch (RuntimeException e) {
      throw failure(e.getMessage(), e);
    } catch (Exhausted e) {
      throw new ChatTemplateException(
          "the chat template does too much work; give the model another one", false, e);
    } catch (StackOverflowError e) {
      throw new ChatTemplateException("the chat template is nested too deeply", false, e);
    }
    for (TemplateError error : result.getErrors()) {
      // A macro that calls itself too deeply is cut off with a mere warning and an incomplete text.
      if (error.getSeverity() == ErrorType.FATAL
          || error.getException() instanceof TagCycleException) {
        throw failure(
            "line " + error.getLineno() + ": " + error.getMessage(), error.getException());
      }
    }
    return result.getOutput();
  }

  private static ChatTemplateException failure(
      @Nullable String message, @Nullable Throwable cause) {
    int depth = 0;
    for (Throwable t = cause; t != null && depth++ < 32; t = t.getCause()) {
      if (t instanceof RaisedException raised) {
        return new ChatTemplateException(
            "the chat template refuses these messages: " + raised.getMessage(), true, cause);
      }
    }
    return new ChatTemplateException(
        "the chat template does not work (" + message + "); give the model another one",
        false,
        cause);
  }

  private static JinjavaConfig config(Budget budget) {
    return JinjavaConfig.newBuilder()
        .withTrimBlocks(true)
        .withLstripBlocks(true)
        .withKeepTrailingNewline(true)
        .withNestedInterpretationEnabled(false)
        .withFailOnUnknownTokens(false)
        .withLegacyOverrides(LIKE_JINJA2)
        .withElResolver(new TemplateResolver())
        .withDisabled(DISABLED)
        .withMaxRenderDepth(32)
        .withEnableRecursiveMacroCalls(true)
        .withMaxMacroRecursionDepth(16)
        .withMaxOutputSize(LONGEST_OUTPUT)
        .withMaxStringLength(LONGEST_OUTPUT)
        .withMaxListSize(LARGEST_COLLECTION)
        .withMaxMapSize(LARGEST_COLLECTION)
        .withRangeLimit(LONGEST_RANGE)
        .withProcessors(
            JinjavaProcessors.newBuilder()
                .withNodePreProcessor((node, interpreter) -> budget.spend())
                .build())
        .build();
  }

  /** Work that one rendering may do; every node of the template that is visited counts. */
  private static final class Budget {
    private final long start = System.nanoTime();
    private int steps;

    void spend() {
      if (++steps > MOST_STEPS || ((steps & 255) == 0 && System.nanoTime() - start > MOST_NANOS)) {
        throw new Exhausted();
      }
    }
  }

  /** Ends a rendering: jinjava notes exceptions and goes on, errors it lets through. */
  private static final class Exhausted extends Error {
    private static final long serialVersionUID = 1L;

    Exhausted() {
      super("work used up", null, false, false);
    }
  }
}
