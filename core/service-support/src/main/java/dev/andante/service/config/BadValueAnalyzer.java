package dev.andante.service.config;

import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.bind.validation.BindValidationException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.origin.Origin;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.validation.FieldError;
import org.springframework.validation.ObjectError;

/** Names each key whose value cannot be used, as keys are written, with its limits. */
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class BadValueAnalyzer extends AbstractFailureAnalyzer<BindException> {

  @Override
  protected @Nullable FailureAnalysis analyze(Throwable rootFailure, BindException cause) {
    if (findCause(cause, UnboundConfigurationPropertiesException.class) != null) {
      return null; // no value is at fault
    }
    BindValidationException invalid = findCause(cause, BindValidationException.class);
    return new FailureAnalysis(
        invalid == null ? malformed(cause) : outOfLimits(invalid),
        "Correct the value; docs/configuration.md lists all keys and their limits.",
        cause);
  }

  private static String outOfLimits(BindValidationException invalid) {
    ConfigurationPropertyName group = invalid.getValidationErrors().getName();
    return invalid.getValidationErrors().getAllErrors().stream()
        .map(error -> describe(group, error))
        .sorted()
        .collect(Collectors.joining(System.lineSeparator()));
  }

  private static String describe(ConfigurationPropertyName group, ObjectError error) {
    if (!(error instanceof FieldError field)) {
      return group + ": " + error.getDefaultMessage() + ".";
    }
    return "%s.%s %s, not '%s'%s."
        .formatted(
            group,
            kebab(field.getField()),
            error.getDefaultMessage(),
            field.getRejectedValue(),
            where(Origin.from(error)));
  }

  private static String malformed(BindException cause) {
    Throwable root = cause;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    ConfigurationProperty property = cause.getProperty();
    return property == null
        ? "%s: %s.".formatted(cause.getName(), root.getMessage())
        : "%s: %s%s.".formatted(property.getName(), root.getMessage(), where(property.getOrigin()));
  }

  private static String where(@Nullable Origin origin) {
    return origin == null ? "" : " (" + origin + ")";
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }
}
