package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.loading.ModelOptions;

/**
 * A model that is open but not loaded, and the backend that it is meant for. Owns both until {@link
 * #load} hands them over. For one thread.
 */
final class UnloadedModel implements AutoCloseable {

  private final ModelSource source;
  private final Backend backend;
  private boolean handedOver;

  private UnloadedModel(ModelSource source, Backend backend) {
    this.source = source;
    this.backend = backend;
  }

  /**
   * @param backend closed here, also if this fails
   * @throws RuntimeException of the format or model modules, saying what is wrong
   */
  static UnloadedModel open(ModelProperties properties, Backend backend) {
    try {
      return new UnloadedModel(ModelSource.open(properties), backend);
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  ModelSource source() {
    return source;
  }

  Backend backend() {
    return backend;
  }

  /**
   * To be called once.
   *
   * @throws RuntimeException of the format, model or compute modules, saying what is wrong; source
   *     and backend are still owned by this then
   */
  LoadedModel load(ModelOptions options) {
    LoadedModel loaded = source.load(backend, options);
    handedOver = true;
    return loaded;
  }

  @Override
  public void close() {
    if (!handedOver) {
      source.close();
      backend.close();
    }
  }
}
