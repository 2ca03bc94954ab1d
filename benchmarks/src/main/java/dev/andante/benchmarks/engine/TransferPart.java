package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.transfer.KvCopy;
import dev.andante.benchmarks.transfer.PushCopy;
import dev.andante.benchmarks.transfer.Sample;
import dev.andante.benchmarks.transfer.TcpCopy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * The rate of a KV push through gRPC on loopback, beside a bare TCP connection that copies as many
 * bytes. The two take turns, the first one changing from round to round.
 */
final class TransferPart implements EnginePart {

  /** The compiler is at work for about as long; with five, a third of the CPU time is its. */
  private static final int WARM_UP_ROUNDS = 40;

  @Override
  public String name() {
    return "transfer";
  }

  @Override
  public Map<String, String> options() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("kv-tokens", "tokens of the prompt whose KV is moved (4096)");
    options.put("kv-shape", "layers, KV heads and elements of a head, in bf16 (30,3,64)");
    options.put("rounds", "copies of each way after " + WARM_UP_ROUNDS + " to warm up (11)");
    return options;
  }

  @Override
  public List<String> columns() {
    return List.of("way", "bytes", "mb_per_s", "cpu_s_per_gb", "of_tcp");
  }

  @Override
  public void run(Map<String, String> given, Consumer<Map<String, Object>> line) {
    int tokens = Numbers.positive(given, "kv-tokens", 4096);
    int rounds = Numbers.positive(given, "rounds", 11);
    int[] shape = Numbers.positives(given, "kv-shape", "30,3,64");
    if (shape.length != 3) {
      throw new IllegalArgumentException("--kv-shape takes three numbers");
    }
    try (PushCopy push = new PushCopy(shape[0], shape[1], shape[2], tokens);
        TcpCopy tcp = new TcpCopy(push.bytes())) {
      List<Sample> pushed = new ArrayList<>();
      List<Sample> copied = new ArrayList<>();
      for (int round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
        boolean kept = round >= WARM_UP_ROUNDS;
        List<KvCopy> order = round % 2 == 0 ? List.of(tcp, push) : List.of(push, tcp);
        for (KvCopy way : order) {
          Sample sample = Sample.of(way);
          if (kept) {
            (way == push ? pushed : copied).add(sample);
          }
        }
      }
      double bare = median(copied, Sample::seconds);
      line.accept(result("tcp", push.bytes(), copied, bare));
      line.accept(result("push", push.bytes(), pushed, bare));
    }
  }

  private static Map<String, Object> result(
      String way, long bytes, List<Sample> samples, double bareSeconds) {
    double seconds = median(samples, Sample::seconds);
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("way", way);
    line.put("bytes", bytes);
    line.put("mb_per_s", bytes / seconds / 1e6);
    line.put("cpu_s_per_gb", median(samples, Sample::cpuSeconds) / (bytes / 1e9));
    line.put("of_tcp", bareSeconds / seconds);
    line.put("seconds", samples.stream().map(Sample::seconds).toList());
    line.put("cpu_seconds", samples.stream().map(Sample::cpuSeconds).toList());
    return line;
  }

  private static double median(List<Sample> samples, ToDoubleFunction<Sample> of) {
    return Samples.median(samples.stream().mapToDouble(of).boxed().toList());
  }
}
