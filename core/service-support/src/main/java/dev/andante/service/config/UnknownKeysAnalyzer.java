package dev.andante.service.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what to do about {@link UnknownKeysException}. */
public final class UnknownKeysAnalyzer extends AbstractFailureAnalyzer<UnknownKeysException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, UnknownKeysException cause) {
    return new FailureAnalysis(
        "There are no configuration keys " + String.join(", ", cause.keys()) + ".",
        "Correct or remove them. Groups under 'andante.' are "
            + String.join(", ", cause.groups())
            + "; docs/configuration.md lists all keys.",
        cause);
  }
}
