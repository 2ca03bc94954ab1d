package dev.andante.service.config;

import java.util.stream.Collectors;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** Names the key that a group does not have, and where it was set. */
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class UnknownKeyInGroupAnalyzer
    extends AbstractFailureAnalyzer<UnboundConfigurationPropertiesException> {

  @Override
  protected FailureAnalysis analyze(
      Throwable rootFailure, UnboundConfigurationPropertiesException cause) {
    return new FailureAnalysis(
        cause.getUnboundProperties().stream()
            .map(
                property ->
                    "There is no configuration key "
                        + property.getName()
                        + (property.getOrigin() == null ? "" : " (" + property.getOrigin() + ")")
                        + ".")
            .sorted()
            .collect(Collectors.joining(System.lineSeparator())),
        "Correct or remove it; docs/configuration.md lists all keys.",
        cause);
  }
}
