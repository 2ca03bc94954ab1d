package dev.andante.benchmarks.kernels;

import dev.andante.benchmarks.ceilings.Ceiling;
import dev.andante.benchmarks.ceilings.CeilingProbes;
import dev.andante.benchmarks.ceilings.Ceilings;
import dev.andante.benchmarks.report.JsonText;
import dev.andante.benchmarks.report.Runtimes;
import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs the kernels' JMH benchmarks and prints a JSON line each: microseconds, GB/s or GFLOP/s, and
 * the fraction of the machine's ceiling, measured first. What JMH says goes to standard error.
 *
 * <p>Arguments are JMH's: regular expressions that choose, {@code -p backend=vector}, {@code -p
 * format=Q4_1}, {@code -i 1} …
 */
public final class KernelBenchmarks {

  private static final int CEILING_SAMPLES = 3;

  private final Map<Ceiling, Double> ceilings = new LinkedHashMap<>();
  private final Map<String, Object> about = new LinkedHashMap<>();
  private final Ceiling compute;

  private KernelBenchmarks(String backend, Precision precision, int threads) {
    try (ComputePool pool = new ComputePool(threads);
        Backend opened = Backends.open(backend, pool, precision)) {
      about.putAll(Runtimes.backend(opened));
    }
    about.putAll(Runtimes.jvm());
    compute = Ceiling.of(String.valueOf(about.get("compute_format")));
    CeilingProbes probes = CeilingProbes.available();
    for (Ceiling kind : Ceiling.values()) {
      OptionalDouble best =
          Ceilings.measure(probes, kind, threads, CEILING_SAMPLES).values().stream()
              .flatMap(Collection::stream)
              .mapToDouble(Double::doubleValue)
              .max();
      best.ifPresent(value -> ceilings.put(kind, value));
    }
  }

  /**
   * @throws CommandLineOptionException if JMH does not know an argument
   * @throws RunnerException if a benchmark fails
   */
  @SuppressWarnings("SystemOut")
  public static void main(String[] arguments) throws CommandLineOptionException, RunnerException {
    CommandLineOptions options = new CommandLineOptions(arguments);
    KernelBenchmarks kernels =
        new KernelBenchmarks(
            first(options, "backend", Backends.AUTO),
            Precision.valueOf(first(options, "precision", Precision.FAST.name())),
            Integer.parseInt(first(options, "threads", "2")));
    kernels.ceilings.forEach(
        (kind, value) ->
            System.out.println(
                JsonText.of(Map.of("ceiling", kind.id(), "value", value, "unit", kind.unit()))));
    OutputFormat progress =
        OutputFormatFactory.createFormatInstance(System.err, VerboseMode.NORMAL);
    for (RunResult result : new Runner(options, progress).run()) {
      System.out.println(JsonText.of(kernels.line(result)));
    }
  }

  private static String first(CommandLineOptions options, String parameter, String otherwise) {
    return options.getParameter(parameter).orElse(List.of(otherwise)).iterator().next();
  }

  private Map<String, Object> line(RunResult result) {
    String benchmark = result.getParams().getBenchmark();
    String kernel = benchmark.substring(benchmark.lastIndexOf('.') + 1);
    Work work = work(kernel, new KernelParameters(result.getParams()::getParam));
    double micros = result.getPrimaryResult().getScore();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("kernel", kernel);
    for (String parameter : result.getParams().getParamsKeys()) {
      line.put(parameter, result.getParams().getParam(parameter));
    }
    line.put("us", micros);
    line.put("us_error", result.getPrimaryResult().getScoreError());
    if (work.bytes() > 0) {
      rate(line, "gb_s", "of_read", work.bytes() / micros / 1e3, Ceiling.READ);
    }
    if (work.flops() > 0) {
      rate(line, "gflop_s", "of_peak", work.flops() / micros / 1e3, compute);
    }
    line.putAll(about);
    return line;
  }

  private void rate(
      Map<String, Object> line, String unit, String fraction, double value, Ceiling ceiling) {
    line.put(unit, value);
    Double most = ceilings.get(ceiling);
    if (most != null) {
      line.put(fraction, value / most);
    }
  }

  private static Work work(String kernel, KernelParameters parameters) {
    return switch (kernel) {
      case "matmul" -> MatmulKernel.work(parameters);
      case "attention" -> AttentionKernel.work(parameters);
      case "rmsNorm" -> RowKernel.rmsNorm(parameters);
      case "rope" -> RowKernel.rope(parameters);
      case "siluMul" -> RowKernel.siluMul(parameters);
      case "greedy", "temperature", "topKTopP" -> SamplingKernel.work(parameters);
      default -> new Work(0, 0);
    };
  }
}
