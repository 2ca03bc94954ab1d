package dev.andante.benchmarks;

import dev.andante.benchmarks.ceilings.Ceiling;
import dev.andante.benchmarks.ceilings.CeilingProbe;
import dev.andante.benchmarks.ceilings.CeilingProbes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * The commands of {@link ComputeBenchmark}:
 *
 * <ul>
 *   <li>{@code info}: model, backend, JVM, the cost of a token in FLOP and bytes, ceilings there
 *       are
 *   <li>{@code pp TOKENS}: prompt of so many tokens, tokens per second
 *   <li>{@code tg SEQUENCES DEPTH STEPS}: so many tokens for each of so many sequences that hold
 *       DEPTH tokens already, tokens per second in total. What fills the depth is kept for the next
 *       command of equal arguments
 *   <li>{@code warm SECONDS COMMAND…}: repeats a command until it gets no faster and the compiler
 *       rests, for about that long at most
 *   <li>{@code ceiling KIND THREADS [BYTES]}: one sample from each probe of the kind; see {@link
 *       Ceiling}. BYTES: memory that {@code read} reads over and over
 *   <li>{@code drop}: frees what is kept between commands
 * </ul>
 */
final class Commands {

  private static final double SETTLED = 1.03;

  private final ForwardBenchmark forward;
  private final int threads;
  private final Map<String, Object> about;
  private final CeilingProbes ceilings = CeilingProbes.available();

  Commands(ForwardBenchmark forward, int threads, Map<String, Object> about) {
    this.forward = forward;
    this.threads = threads;
    this.about = about;
  }

  /** Never throws but for errors of the JVM: what went wrong is the answer. */
  Map<String, Object> answer(String line) {
    String[] words = line.split(" +");
    try {
      return switch (words[0]) {
        case "info" -> info();
        case "pp", "tg" -> measure(words, 0);
        case "warm" -> warm(words);
        case "ceiling" -> ceiling(words);
        case "drop" -> {
          forward.drop();
          yield Map.of("dropped", true);
        }
        default -> throw new IllegalArgumentException("unknown command");
      };
    } catch (RuntimeException e) {
      return Map.of("error", line + ": " + e);
    }
  }

  private Map<String, Object> info() {
    Map<String, Object> info = new LinkedHashMap<>(about);
    info.put("ceilings", ceilings.describe());
    return info;
  }

  private Map<String, Object> measure(String[] words, int at) {
    DoubleSupplier run = run(words, at);
    long allocated = Allocation.bytes();
    double value = run.getAsDouble();
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("value", value);
    answer.put("unit", "tok/s");
    if (words[at].equals("tg")) {
      double tokens = (double) number(words, at + 1) * number(words, at + 3);
      answer.put("allocated_bytes_per_token", (Allocation.bytes() - allocated) / tokens);
    }
    return answer;
  }

  private DoubleSupplier run(String[] words, int at) {
    if (words[at].equals("pp")) {
      int tokens = number(words, at + 1);
      return () -> forward.prefill(tokens);
    }
    if (!words[at].equals("tg")) {
      throw new IllegalArgumentException("cannot measure " + words[at]);
    }
    int sequences = number(words, at + 1);
    int depth = number(words, at + 2);
    int steps = number(words, at + 3);
    forward.prepare(sequences, depth, steps);
    return () -> forward.decode(sequences, depth, steps);
  }

  private Map<String, Object> warm(String[] words) {
    long end = System.nanoTime() + number(words, 1) * 1_000_000_000L;
    DoubleSupplier run = run(words, 2);
    List<Double> values = new ArrayList<>();
    double best = 0;
    int sinceBetter = 0;
    do {
      double value = run.getAsDouble();
      values.add(value);
      sinceBetter = value > best * SETTLED ? 0 : sinceBetter + 1;
      best = Math.max(best, value);
    } while (sinceBetter < 2 && System.nanoTime() < end);
    Compilation.awaitRest();
    return Map.of("warmed", values);
  }

  private Map<String, Object> ceiling(String[] words) {
    Ceiling kind = Ceiling.of(words[1]);
    int on = words.length > 2 ? number(words, 2) : threads;
    long bytes = words.length > 3 ? Long.parseLong(words[3]) : CeilingProbe.DRAM_BYTES;
    return Map.of("unit", kind.unit(), "threads", on, "sources", ceilings.sample(kind, on, bytes));
  }

  private static int number(String[] words, int at) {
    if (at >= words.length) {
      throw new IllegalArgumentException("a number is missing");
    }
    return Integer.parseInt(words[at]);
  }
}
