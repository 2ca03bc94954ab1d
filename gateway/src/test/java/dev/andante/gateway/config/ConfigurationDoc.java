package dev.andante.gateway.config;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.ParamTree;
import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Writes {@code docs/configuration.md} from the sources of all records with
 * {@code @ConfigurationProperties}: names, defaults and limits from their components, words from
 * their Javadoc.
 */
final class ConfigurationDoc {

  private static final String HEAD =
      """
      # Configuration

      Made from the sources; do not edit. Every key can stand in `application.properties` beside the service, on its \
      command line
      (`--andante.gateway.request-timeout=5m`), or in the chart's `config` of a role. Durations have units (`250ms`, `15s`, \
      `10m`), sizes too
      (`1MB`). An unknown key, or a value out of its limits, fails the start with a message that names it.
      """;

  /** Of records of ours, or of anything else. */
  private static final Pattern LIST = Pattern.compile("List<(?:@\\w+(?:\\(\\))? )*(\\w+)>");

  private record Key(String name, String fallback, String limits, String words) {}

  private record Group(String words, List<Key> keys) {}

  private final DocTrees docs;
  private final Map<String, Group> groups = new TreeMap<>();

  private ConfigurationDoc(DocTrees docs) {
    this.docs = docs;
  }

  /**
   * @param root of the repository
   */
  static String write(Path root) throws IOException {
    List<Path> sources = sources(root);
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null,
                  files,
                  diagnostic -> {},
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjectsFromPaths(sources));
      ConfigurationDoc doc = new ConfigurationDoc(DocTrees.instance(task));
      for (CompilationUnitTree unit : task.parse()) {
        for (Tree type : unit.getTypeDecls()) {
          if (type instanceof ClassTree record) {
            doc.record(unit, record);
          }
        }
      }
      return doc.markdown();
    }
  }

  private static List<Path> sources(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root, 12)) {
      return files
          .filter(file -> file.toString().contains("/src/main/java/"))
          .filter(file -> file.toString().endsWith("Properties.java"))
          .filter(ConfigurationDoc::holdsProperties)
          .sorted()
          .toList();
    }
  }

  private static boolean holdsProperties(Path file) {
    try {
      return Files.readString(file).contains("@ConfigurationProperties(");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void record(CompilationUnitTree unit, ClassTree record) {
    annotation(record.getModifiers().getAnnotations(), "ConfigurationProperties")
        .flatMap(annotation -> argument(annotation, "prefix"))
        .ifPresent(prefix -> group(unit, record, record, prefix));
  }

  private void group(CompilationUnitTree unit, ClassTree top, ClassTree record, String prefix) {
    DocCommentTree comment = comment(unit, record);
    Map<String, String> words = params(comment);
    List<Key> keys = new ArrayList<>();
    for (Tree member : record.getMembers()) {
      if (!(member instanceof VariableTree component)
          || component.getModifiers().getFlags().contains(Modifier.STATIC)) {
        continue;
      }
      String name = component.getName().toString();
      String type = component.getType().toString();
      Matcher list = LIST.matcher(type);
      boolean many = list.matches();
      String key = prefix + "." + kebab(name) + (many ? "[]" : "");
      Optional<ClassTree> nested = nested(top, many ? list.group(1) : type);
      if (nested.isPresent()) {
        group(unit, top, nested.get(), key);
      } else {
        List<? extends AnnotationTree> annotations = component.getModifiers().getAnnotations();
        keys.add(
            new Key(
                prefix + "." + kebab(name),
                annotation(annotations, "DefaultValue")
                    .flatMap(a -> argument(a, "value"))
                    .orElse(""),
                limits(annotations),
                words.getOrDefault(name, "")));
      }
    }
    groups.put(prefix, new Group(comment == null ? "" : join(comment.getFullBody()), keys));
  }

  private static Optional<ClassTree> nested(ClassTree top, String type) {
    return top.getMembers().stream()
        .filter(inner -> inner.getKind() == Tree.Kind.RECORD) // an enum is a value
        .map(ClassTree.class::cast)
        .filter(inner -> inner.getSimpleName().contentEquals(type))
        .findFirst();
  }

  private DocCommentTree comment(CompilationUnitTree unit, ClassTree record) {
    return docs.getDocCommentTree(TreePath.getPath(unit, record));
  }

  private static Map<String, String> params(DocCommentTree comment) {
    Map<String, String> words = new TreeMap<>();
    if (comment != null) {
      for (DocTree tag : comment.getBlockTags()) {
        if (tag instanceof ParamTree param) {
          words.put(param.getName().toString(), join(param.getDescription()));
        }
      }
    }
    return words;
  }

  private static String join(List<? extends DocTree> trees) {
    String text = trees.stream().map(Object::toString).collect(Collectors.joining());
    String plain = text.replaceAll("\\{@code\\s+([^}]*)}", "`$1`").replaceAll("\\s+", " ").strip();
    return Pattern.compile("`[a-z]+[a-zA-Z]*`") // components, by their names as keys
        .matcher(plain)
        .replaceAll(match -> kebab(match.group()));
  }

  private static String limits(List<? extends AnnotationTree> annotations) {
    Optional<String> min = annotation(annotations, "Min").flatMap(a -> argument(a, "value"));
    Optional<String> max = annotation(annotations, "Max").flatMap(a -> argument(a, "value"));
    List<String> limits = new ArrayList<>();
    if (min.isPresent() && max.isPresent()) {
      limits.add(min.get() + " to " + max.get());
    } else {
      min.ifPresent(value -> limits.add("from " + value));
      max.ifPresent(value -> limits.add("to " + value));
    }
    annotation(annotations, "Pattern")
        .flatMap(a -> argument(a, "regexp"))
        .ifPresent(regexp -> limits.add("`" + regexp.replace("|", "` or `") + "`"));
    annotation(annotations, "Positive").ifPresent(a -> limits.add("from 1ms"));
    annotation(annotations, "NotBlank").ifPresent(a -> limits.add("not empty"));
    return String.join(", ", limits);
  }

  private static Optional<AnnotationTree> annotation(
      List<? extends AnnotationTree> annotations, String name) {
    return annotations.stream()
        .filter(a -> a.getAnnotationType().toString().equals(name))
        .map(AnnotationTree.class::cast)
        .findFirst();
  }

  private static Optional<String> argument(AnnotationTree annotation, String name) {
    for (ExpressionTree argument : annotation.getArguments()) {
      String given = "value";
      ExpressionTree value = argument;
      if (argument instanceof AssignmentTree assignment) {
        given = assignment.getVariable().toString();
        value = assignment.getExpression();
      }
      if (given.equals(name)) {
        return Optional.of(
            value instanceof LiteralTree literal
                ? String.valueOf(literal.getValue())
                : value.toString());
      }
    }
    return Optional.empty();
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private String markdown() {
    StringBuilder out = new StringBuilder(HEAD);
    groups.forEach(
        (prefix, group) -> {
          if (group.keys().isEmpty()) {
            return;
          }
          out.append("\n## ").append(prefix).append("\n\n");
          if (!group.words().isEmpty()) {
            out.append(group.words()).append("\n\n");
          }
          out.append("| key | default | limits | |\n|---|---|---|---|\n");
          for (Key key : group.keys()) {
            out.append(
                "| `%s` | %s | %s | %s |\n"
                    .formatted(
                        key.name().substring(prefix.length() + 1),
                        key.fallback().isEmpty() ? "" : "`" + key.fallback() + "`",
                        key.limits(),
                        key.words().replace("|", "\\|")));
          }
        });
    return out.toString();
  }
}
