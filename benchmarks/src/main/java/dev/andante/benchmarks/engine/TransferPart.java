package dev.andante.benchmarks.engine;

import dev.andante.benchmarks.transfer.KvCopy;
import dev.andante.benchmarks.transfer.PushCopy;
import dev.andante.benchmarks.transfer.Sample;
import dev.andante.benchmarks.transfer.TcpCopy;
import dev.andante.kvtransfer.KvCoding;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * The rate of a KV push on loopback: over a link, as it is and in eight bits, and over gRPC. Beside
 * it a bare TCP connection that copies as many bytes as KV has in the pool, which all rates are of.
 * They take turns, the first one changing from round to round.
 */
final class TransferPart implements EnginePart {

  /** The compiler is at work for about as long; after 60, a tenth of the CPU time is its. */
  private static final int WARM_UP_ROUNDS = 200;

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
    try (PushCopy push = push(shape, tokens, KvCoding.AS_IS, true);
        PushCopy overGrpc = push(shape, tokens, KvCoding.AS_IS, false);
        PushCopy coded = push(shape, tokens, KvCoding.Q8, true);
        TcpCopy tcp = new TcpCopy(push.bytes())) {
      Map<String, KvCopy> ways = new LinkedHashMap<>();
      ways.put("tcp", tcp);
      ways.put("push", push);
      ways.put("push_grpc", overGrpc);
      ways.put("push_q8", coded);
      Map<String, List<Sample>> samples = new LinkedHashMap<>();
      List<String> order = new ArrayList<>(ways.keySet());
      for (int round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
        for (String way : order) {
          Sample sample = Sample.of(ways.get(way));
          if (round >= WARM_UP_ROUNDS) {
            samples.computeIfAbsent(way, _ -> new ArrayList<>()).add(sample);
          }
        }
        Collections.rotate(order, 1);
      }
      double bare = median(samples.get("tcp"), Sample::seconds);
      for (String way : ways.keySet()) {
        line.accept(result(way, push.bytes(), samples.get(way), bare));
      }
    }
  }

  private static PushCopy push(int[] shape, int tokens, KvCoding coding, boolean link) {
    return new PushCopy(shape[0], shape[1], shape[2], tokens, coding, link);
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
