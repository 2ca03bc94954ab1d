package dev.andante.gateway.api;

import dev.andante.qoe.QoeField;
import dev.andante.qoe.QoeOverride;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a proxy says of the reader: milliseconds to the first token, and from each token to the
 * next. Values that nothing could meet or measure are ignored, as is what makes no sense.
 */
final class SloHeaders {

  private static final List<String> TTFT = List.of("x-llm-d-slo-ttft-ms", "x-slo-ttft-ms");
  private static final List<String> TPOT = List.of("x-llm-d-slo-tpot-ms", "x-slo-tpot-ms");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}(\\.\\d{1,9})?");
  private static final double MILLIS = 1000;

  private SloHeaders() {}

  static QoeOverride read(ControlHeaders headers) {
    OptionalDouble first = millis(headers, TTFT);
    OptionalDouble next = millis(headers, TPOT);
    return new QoeOverride(
        first.isPresent() ? known(QoeField.TTFT, first.getAsDouble() / MILLIS) : null,
        next.isPresent() ? known(QoeField.TOKENS_PER_SECOND, MILLIS / next.getAsDouble()) : null);
  }

  private static OptionalDouble millis(ControlHeaders headers, List<String> names) {
    return headers
        .value(names)
        .filter(text -> NUMBER.matcher(text).matches())
        .map(text -> OptionalDouble.of(Double.parseDouble(text)))
        .orElse(OptionalDouble.empty());
  }

  private static @Nullable Double known(QoeField field, double value) {
    return value >= field.min() && value <= field.max() ? value : null;
  }
}
