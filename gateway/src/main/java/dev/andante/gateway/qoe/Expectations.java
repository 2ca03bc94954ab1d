package dev.andante.gateway.qoe;

import dev.andante.gateway.config.GatewayProperties;
import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpec;
import java.util.Map;
import java.util.stream.Collectors;

/** What readers expect: the request's word, else the model's setting, else the gateway's. */
final class Expectations {

  private final QoeOverride all;
  private final Map<String, QoeOverride> models;

  Expectations(GatewayProperties.Qoe properties) {
    this.all = properties.expectations();
    this.models =
        properties.models().stream()
            .collect(
                Collectors.toUnmodifiableMap(
                    GatewayProperties.QoeModel::name, GatewayProperties.QoeModel::expectations));
  }

  /**
   * @param promptTokens readers wait longer for the answer to a long prompt, unless somebody says
   *     how long
   */
  public QoeSpec of(String model, int promptTokens, QoeOverride request) {
    QoeOverride setting = models.getOrDefault(model, QoeOverride.NONE).over(all);
    return QoeSpec.resolve(promptTokens, setting, QoeOverride.NONE, request);
  }
}
