package dev.andante.benchmarks.load.client;

import java.net.URI;
import java.util.Map;

/**
 * A server and how it is spoken to.
 *
 * @param base without a path
 * @param headers sent with each request
 */
public record Target(URI base, String model, Dialect dialect, Map<String, String> headers) {

  public Target {
    headers = Map.copyOf(headers);
  }

  URI at(String path) {
    return base.resolve(path);
  }
}
