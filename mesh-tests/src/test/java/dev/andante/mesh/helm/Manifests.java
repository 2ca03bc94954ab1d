package dev.andante.mesh.helm;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.yaml.snakeyaml.Yaml;

/** Kubernetes objects, by "Kind/name". */
record Manifests(Map<String, Map<String, Object>> objects) {

  private static final String KUBERNETES = "1.33.0";

  /**
   * Renders the chart as {@code helm template andante}.
   *
   * @param values settings as {@code key=value}
   */
  static Manifests render(Path chart, String... values) {
    TemplateCommand command =
        new Helm(chart)
            .template()
            .withName("andante")
            .withNamespace("andante")
            .withKubeVersion(KUBERNETES);
    for (String value : values) {
      int equals = value.indexOf('=');
      command.set(value.substring(0, equals), value.substring(equals + 1));
    }
    return parse(command.call());
  }

  static Manifests read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Manifests parse(String yaml) {
    Map<String, Map<String, Object>> objects = new TreeMap<>();
    for (Object document : new Yaml().loadAll(yaml)) {
      if (document instanceof Map<?, ?> object) {
        Map<String, Object> typed = Nodes.map(object);
        String key = typed.get("kind") + "/" + Nodes.at(typed, "metadata", "name");
        if (objects.put(key, typed) != null) {
          throw new IllegalStateException(key + " is there twice");
        }
      }
    }
    return new Manifests(objects);
  }

  Map<String, Object> get(String key) {
    Map<String, Object> object = objects.get(key);
    if (object == null) {
      throw new IllegalStateException("there is no " + key + " in " + objects.keySet());
    }
    return object;
  }

  List<Map<String, Object>> ofKind(String kind) {
    return objects.values().stream().filter(o -> kind.equals(o.get("kind"))).toList();
  }

  List<String> namesOf(String kind) {
    List<String> names = new ArrayList<>();
    ofKind(kind).forEach(o -> names.add(Nodes.text(o, "metadata", "name")));
    return names;
  }

  /** The pod template of a deployment. */
  Map<String, Object> pod(String deployment) {
    return Nodes.map(Nodes.at(get("Deployment/" + deployment), "spec", "template"));
  }

  /** The only container of a deployment's pods. */
  Map<String, Object> container(String deployment) {
    return Nodes.map(Nodes.list(pod(deployment), "spec", "containers").getFirst());
  }

  /** The settings file of a role in the config map. */
  Map<String, Object> settings(String role) {
    String text = Nodes.text(get("ConfigMap/andante"), "data", role + ".yaml");
    return Nodes.map(new Yaml().<Object>load(text));
  }
}
