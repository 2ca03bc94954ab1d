package dev.andante.mesh.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** values.yaml, its schema, its table in the README and the services' settings say the same. */
class ChartValuesTest {

  private static final Path ROOT = Path.of(System.getProperty("andante.root", ".."));
  private static final Path CHART = ROOT.resolve("helm/andante");

  @Test
  void everyValueIsInTheReadme() throws IOException {
    String readme = Files.readString(CHART.resolve("README.md"));
    assertThat(values().keySet())
        .allSatisfy(
            path ->
                assertThat(prefixes(path))
                    .as(path)
                    .anyMatch(prefix -> readme.contains("| `" + prefix + "` |")));
  }

  @Test
  void everyValueIsInTheSchemaAndNoGroupIsOpen() throws IOException {
    Map<String, Object> schema = load(CHART.resolve("values.schema.json"));
    values().keySet().forEach(path -> assertDescribed(schema, path));
  }

  @Test
  void everySettingTheChartWritesExists() throws IOException {
    Path page = ROOT.resolve("docs/configuration.md");
    assumeTrue(Files.exists(page), "docs/configuration.md is not generated yet");
    Set<String> documented = documentedKeys(page);
    Manifests all = Manifests.render(CHART, "expert.enabled=true", "model.name=x");
    for (String role : List.of("gateway", "prefill", "decode", "draft", "expert")) {
      assertThat(all.settings(role).keySet())
          .filteredOn(key -> key.startsWith("andante."))
          .isSubsetOf(documented);
    }
    assertThat(documented).contains("andante.expert.shard", "andante.grpc.address");
  }

  /** Keys of the page: a row of a table below the heading of its group. */
  private static Set<String> documentedKeys(Path page) throws IOException {
    Set<String> keys = new TreeSet<>();
    String group = "";
    for (String line : Files.readAllLines(page)) {
      if (line.startsWith("## ")) {
        group = line.substring("## ".length()).strip();
      } else if (line.startsWith("| `")) {
        keys.add(group + "." + line.substring("| `".length(), line.indexOf('`', 3)));
      }
    }
    return keys;
  }

  private static void assertDescribed(Map<String, Object> schema, String path) {
    Map<String, Object> at = schema;
    for (String key : path.split("\\.", -1)) {
      assertThat(at)
          .as("group above %s in %s", key, path)
          .containsEntry("additionalProperties", false);
      Object next = Nodes.at(at, "properties", key);
      assertThat(next).as("%s in the schema", path).isNotNull();
      at = Nodes.map(next);
      if (at.containsKey("description")) {
        return;
      }
    }
    assertThat(at).as("%s has a description", path).containsKey("description");
  }

  private static List<String> prefixes(String path) {
    return path.chars()
        .filter(c -> c == '.')
        .collect(
            () -> new java.util.ArrayList<>(List.of(path)),
            (list, dot) -> list.add(list.getLast().substring(0, list.getLast().lastIndexOf('.'))),
            List::addAll);
  }

  /** All leaves of values.yaml by their dotted paths. */
  private static Map<String, Object> values() throws IOException {
    Map<String, Object> leaves = new TreeMap<>();
    flatten("", load(CHART.resolve("values.yaml")), leaves);
    return leaves;
  }

  private static void flatten(
      String prefix, Map<String, Object> group, Map<String, Object> leaves) {
    group.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> inner && !inner.isEmpty()) {
            flatten(prefix + key + ".", Nodes.map(inner), leaves);
          } else {
            leaves.put(prefix + key, String.valueOf(value));
          }
        });
  }

  private static Map<String, Object> load(Path file) throws IOException {
    return Nodes.map(new Yaml().<Object>load(Files.readString(file)));
  }
}
