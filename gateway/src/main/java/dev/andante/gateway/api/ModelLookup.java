package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.routing.ServedModel;
import dev.andante.gateway.routing.WorkerRegistry;
import java.util.List;
import java.util.Optional;

/** Finds the model a request names. */
final class ModelLookup {

  private final WorkerRegistry registry;

  ModelLookup(WorkerRegistry registry) {
    this.registry = registry;
  }

  /**
   * @param name empty = the only model there is
   * @throws ApiException 404 for a name nobody serves, 503 while nothing is served that should be,
   *     400 for no name where there are several
   */
  ServedModel require(Optional<String> name) {
    List<ServedModel> served = registry.models();
    if (name.isPresent()) {
      return registry
          .model(name.get())
          .orElseThrow(
              () ->
                  served.isEmpty() || registry.known(name.get())
                      ? nobody()
                      : ApiException.unknownModel(shortened(name.get())));
    }
    if (served.isEmpty()) {
      throw nobody();
    }
    long names = served.stream().map(ServedModel::name).distinct().count();
    if (names > 1) {
      throw ApiException.badRequest(
          "model", "'model' is required: several are served, see /v1/models.");
    }
    return registry.model(served.getFirst().name()).orElseThrow(ModelLookup::nobody);
  }

  /** Whether workers have named it: other names are the client's and must not become labels. */
  boolean known(String name) {
    return registry.known(name);
  }

  /** The models served, each name once. */
  List<ServedModel> distinct() {
    return registry.models().stream()
        .map(ServedModel::name)
        .distinct()
        .flatMap(name -> registry.model(name).stream())
        .toList();
  }

  private static ApiException nobody() {
    return ApiException.unavailable("No worker is ready for the model; try again shortly.");
  }

  private static String shortened(String name) {
    return name.length() <= 100 ? name : name.substring(0, 100) + "…";
  }
}
