package dev.andante.simulator;

import dev.andante.simulator.cost.Saturation;
import dev.andante.simulator.cost.StepNoise;
import dev.andante.simulator.serving.Outcome;
import dev.andante.simulator.serving.Simulation;
import dev.andante.simulator.trace.GeneratedTrace;
import dev.andante.simulator.trace.Readers;
import dev.andante.simulator.trace.Trace;
import dev.andante.simulator.trace.TraceException;
import dev.andante.simulator.trace.TraceFile;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The command; {@link Options#USAGE} says all. */
public final class Simulate {

  private static final int FAILED = 1;
  private static final int WRONG_USAGE = 2;

  private final Options options;
  private final PrintStream out;
  private final PrintStream err;

  private Simulate(Options options, PrintStream out, PrintStream err) {
    this.options = options;
    this.out = out;
    this.err = err;
  }

  public static void main(String[] arguments) {
    int status =
        run(
            List.of(arguments),
            new PrintStream(System.out, true, StandardCharsets.UTF_8),
            new PrintStream(System.err, true, StandardCharsets.UTF_8));
    if (status != 0) {
      System.exit(status);
    }
  }

  /** Exit code: 0 done, 1 a trace that cannot be read, 2 wrong usage. */
  static int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.contains("--help") || arguments.contains("-h")) {
      out.print(Options.USAGE);
      return 0;
    }
    try {
      Options options = Options.parse(arguments);
      new Simulate(options, out, err).run();
      return 0;
    } catch (UsageException e) {
      err.println("simulate: " + e.getMessage());
      err.println("  → ./andante simulate --help   lists the options");
      return WRONG_USAGE;
    } catch (TraceException e) {
      err.println("simulate: " + e.getMessage());
      return FAILED;
    }
  }

  private void run() {
    Trace trace = trace().first(options.requests()).scaled(options.lengthScale()).readBy(readers());
    double saturation = saturation(trace);
    err.printf(
        Locale.ROOT,
        "%s: %d requests%s, %.0f tokens in and %.0f out on average; %s saturates at %.4g"
            + " requests/s%n",
        trace.name(),
        trace.requests().size(),
        trace.skipped() == 0
            ? ""
            : " (" + trace.skipped() + " of the file without tokens in or out left out)",
        trace.meanInput(),
        trace.meanOutput(),
        options.profile().name(),
        saturation);
    for (Policies policy : options.policies()) {
      if (options.rates().isEmpty()) {
        serve(policy, trace.rate() / saturation, trace, saturation);
      }
      for (double rate : options.rates()) {
        serve(policy, rate, trace.atRate(rate * saturation), saturation);
      }
    }
  }

  private void serve(Policies policy, double rate, Trace trace, double saturation) {
    long start = System.nanoTime();
    int partTokens = (int) Math.max(1, Math.round(options.partTokens() * options.lengthScale()));
    StepNoise noise = new StepNoise(options.promptNoise(), options.answerNoise(), options.seed());
    Outcome outcome =
        new Simulation(options.profile(), noise, policy.policy(), trace, partTokens).run();
    out.println(new ResultLine(policy.label(), rate, saturation, outcome).json());
    err.printf(
        Locale.ROOT,
        "%s at %s: %.0f s in %.1f s, event log %s%n",
        policy.label(),
        rate,
        outcome.seconds(),
        (System.nanoTime() - start) / 1e9,
        outcome.eventLog());
  }

  private Trace trace() {
    return switch (options.trace()) {
      case "poisson" -> GeneratedTrace.poisson(options.requests(), options.seed());
      case "gamma" -> GeneratedTrace.gamma(options.cv(), options.requests(), options.seed());
      default -> TraceFile.read(path(options.trace()));
    };
  }

  private static Path path(String name) {
    try {
      Path path = Path.of(name);
      if (Files.isRegularFile(path)) {
        return path;
      }
    } catch (InvalidPathException e) {
      // no file has such a name
    }
    throw new UsageException(
        "--trace: there is no file '" + name + "', nor is it poisson or gamma");
  }

  private Readers readers() {
    Double pace = options.pace();
    return pace == null
        ? Readers.ofAllAges(GeneratedTrace.random(options.seed(), 3))
        : Readers.at(pace);
  }

  private double saturation(Trace trace) {
    try {
      return Saturation.requestsPerSecond(options.profile(), trace.requests());
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage() + "; try --scale-lengths or --kv-tokens");
    }
  }
}
