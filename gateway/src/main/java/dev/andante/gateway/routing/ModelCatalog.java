package dev.andante.gateway.routing;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The models seen so far, by fingerprint; kept as long as the gateway lives. Any thread. */
final class ModelCatalog implements AutoCloseable {

  private final Map<String, ServedModel> models = new ConcurrentHashMap<>();

  void add(ServedModel model) {
    ServedModel earlier = models.putIfAbsent(model.fingerprint(), model);
    if (earlier != null) {
      model.close();
    }
  }

  Optional<ServedModel> byFingerprint(String fingerprint) {
    return Optional.ofNullable(models.get(fingerprint));
  }

  boolean contains(String fingerprint) {
    return models.containsKey(fingerprint);
  }

  List<ServedModel> all() {
    return List.copyOf(models.values());
  }

  @Override
  public void close() {
    models.values().forEach(ServedModel::close);
    models.clear();
  }
}
