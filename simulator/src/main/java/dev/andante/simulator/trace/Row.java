package dev.andante.simulator.trace;

import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpecException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One line of a trace, as the fields it has; others than those named below are ignored.
 *
 * <ul>
 *   <li>when: {@code arrival_s}, seconds, or {@code timestamp}, milliseconds
 *   <li>how much: {@code input_tokens} or {@code input_length}, {@code output_tokens} or {@code
 *       output_length}
 *   <li>what is shared, if anything: {@code hash_ids}, one integer for 512 tokens of the prompt
 *   <li>the reader, if known: {@code ttft_s}, seconds, and {@code tokens_per_second}
 * </ul>
 */
final class Row {

  static final List<String> ARRIVAL = List.of("arrival_s", "timestamp");
  static final List<String> INPUT = List.of("input_tokens", "input_length");
  static final List<String> OUTPUT = List.of("output_tokens", "output_length");

  /** Longer ones are no requests that anybody made. */
  private static final long MOST_TOKENS = 100_000_000;

  private final Map<String, ?> fields;

  /**
   * @param fields numbers, texts of numbers, or lists of numbers
   */
  Row(Map<String, ?> fields) {
    this.fields = fields;
  }

  /**
   * Empty if it has no tokens in or out: such a request asks for nothing.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  Optional<TraceRequest> request() {
    String when = present(ARRIVAL);
    double arrival = number(when) / (when.equals("timestamp") ? 1000 : 1);
    if (!(arrival >= 0) || Double.isInfinite(arrival)) {
      throw new IllegalArgumentException(when + " must not be negative, not " + fields.get(when));
    }
    int input = tokens(present(INPUT));
    int output = tokens(present(OUTPUT));
    List<Long> prefix = prefix();
    QoeOverride reader = reader();
    return input == 0 || output == 0
        ? Optional.empty()
        : Optional.of(new TraceRequest(arrival, input, output, prefix, reader));
  }

  private String present(List<String> names) {
    for (String name : names) {
      if (fields.containsKey(name)) {
        return name;
      }
    }
    throw new IllegalArgumentException("there is no " + String.join(" or ", names));
  }

  private int tokens(String name) {
    double count = number(name);
    if (count != Math.rint(count) || count < 0 || count > MOST_TOKENS) {
      throw new IllegalArgumentException(
          name + " must be a whole number from 0 to " + MOST_TOKENS + ", not " + fields.get(name));
    }
    return (int) count;
  }

  private double number(String name) {
    return number(name, fields.get(name));
  }

  private static double number(String name, @Nullable Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    if (value instanceof String text) {
      try {
        return Double.parseDouble(text.strip());
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(name + " is no number: '" + text + "'", e);
      }
    }
    throw new IllegalArgumentException(name + " is no number: " + value);
  }

  private List<Long> prefix() {
    Object value = fields.get("hash_ids");
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof List<?> list)) {
      throw new IllegalArgumentException("hash_ids is no list of integers: " + value);
    }
    List<Long> ids = new ArrayList<>(list.size());
    for (Object one : list) {
      if (!(one instanceof Long id)) {
        throw new IllegalArgumentException("hash_ids is no list of integers: it has " + one);
      }
      ids.add(id);
    }
    return ids;
  }

  private QoeOverride reader() {
    try {
      return new QoeOverride(optional("ttft_s"), optional("tokens_per_second"));
    } catch (QoeSpecException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private @Nullable Double optional(String name) {
    Object value = fields.get(name);
    return value == null || (value instanceof String text && text.isBlank())
        ? null
        : Double.valueOf(number(name, value));
  }
}
