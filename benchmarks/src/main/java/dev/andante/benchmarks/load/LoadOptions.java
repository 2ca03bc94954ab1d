package dev.andante.benchmarks.load;

import dev.andante.benchmarks.load.client.Dialect;
import dev.andante.benchmarks.load.workload.LengthScale;
import dev.andante.benchmarks.load.workload.Span;
import dev.andante.benchmarks.options.Arguments;
import dev.andante.qoe.QoeField;
import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpec;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a load is.
 *
 * @param seconds in which requests are due; infinite = until the trace or {@code requests} are over
 * @param requests most that are sent
 * @param warmUpSeconds requests due in the first so many are not counted
 * @param reader what readers expect where it is not the default
 * @param pacing whether the gateway is to hand out tokens at the reader's pace
 * @param timeout how long a request may take
 * @param maxOpen more are not sent at a time, and count as a QoE of 0
 * @param out folder for the report
 * @param watched ids of processes whose cost is measured, by name
 * @param label name of the run in its results
 */
record LoadOptions(
    URI url,
    Optional<String> model,
    Dialect dialect,
    Map<String, String> headers,
    Traffic traffic,
    Lengths lengths,
    double seconds,
    long requests,
    double warmUpSeconds,
    long seed,
    QoeOverride reader,
    boolean pacing,
    Duration timeout,
    int maxOpen,
    Path out,
    Map<String, Long> watched,
    String label) {

  static final String USAGE =
      """
      usage: ./andante bench load [URL] [OPTIONS]     without a URL: the mesh that `./andante up` started

        http://HOST:PORT                        a server of OpenAI's streaming chat API
        grpc://HOST:PREFILL-PORT/DECODE-PORT    workers without their gateway, --prompt-tokens as ids at random

      when requests are sent
        --arrivals poisson|gamma|even   open loop (poisson), at --rate requests a second (1); gamma: bursts, --cv of the gaps (2)
        --trace FILE                    open loop, as a trace; --time-scale X multiplies its times (1)
        --clients N                     closed loop: each client sends its next request --think seconds (0) after its last one ended
        --duration S                    requests are due in so many seconds (30; of a trace, all)
        --requests N                    no more than so many
        --warm-up S                     requests due in the first so many seconds are not counted (0)
      how long they are, in tokens
        --prompt-tokens N|A-B           (100)
        --output-tokens N|A-B           (50)
        --lengths FILE                  those of a trace; also of --trace, unless the two above are given
        --length-scale X                multiplies lengths of a trace (1); --prompt-limit N, --output-limit N cut them
      their readers
        --ttft S                        first token expected after (1, or a second per 5000 prompt tokens if that is more)
        --pace T                        tokens a second that they read (4.8)
        --pacing on|off                 tokens are handed out at that pace (off)
      the rest
        --model NAME                    (the first that is served)
        --api andante|openai            openai: for other servers; chunks count as tokens, answers may end early (andante)
        --header NAME=VALUE             sent with each request; may be repeated
        --seed N                        of times, lengths and prompts (1)
        --timeout S                     how long a request may take (120)
        --max-open N                    more at a time are not sent and count as a QoE of 0 (10000)
        --watch NAME=PID                measures what a process costs; may be repeated
        --label TEXT                    name of the run in its results
        --out FOLDER                    for report.html, summary.json and requests.jsonl (benchmarks/target/load)
      """;

  private static final String WORKERS = "grpc";

  private static final int MOST_TOKENS = 10_000_000;

  private static final Set<String> ONCE =
      Set.of(
          "--arrivals",
          "--rate",
          "--cv",
          "--trace",
          "--time-scale",
          "--clients",
          "--think",
          "--duration",
          "--requests",
          "--warm-up",
          "--prompt-tokens",
          "--output-tokens",
          "--lengths",
          "--length-scale",
          "--prompt-limit",
          "--output-limit",
          "--ttft",
          "--pace",
          "--pacing",
          "--model",
          "--api",
          "--seed",
          "--timeout",
          "--max-open",
          "--label",
          "--out");

  private static final Set<String> REPEATED = Set.of("--header", "--watch");

  private enum Arrivals {
    POISSON,
    GAMMA,
    EVEN
  }

  private enum Switch {
    ON,
    OFF
  }

  /**
   * @throws IllegalArgumentException saying what is wrong
   */
  static LoadOptions parse(String[] line) {
    Arguments given = new Arguments(line, ONCE, REPEATED);
    if (given.words().size() != 1) {
      throw new IllegalArgumentException(
          given.words().isEmpty() ? "no URL" : "one URL, not " + given.words());
    }
    Traffic traffic = traffic(given);
    boolean replay = traffic instanceof Traffic.Replay;
    double seconds =
        given.number(
            "--duration",
            replay || given.has("--requests") ? Double.POSITIVE_INFINITY : 30,
            0.001,
            1e6);
    double warmUp = given.number("--warm-up", 0, 0, 1e6);
    if (warmUp >= seconds) {
      throw new IllegalArgumentException("--warm-up must be less than the duration");
    }
    return new LoadOptions(
        url(given.words().getFirst()),
        given.text("--model"),
        given.choice("--api", Dialect.ANDANTE),
        pairs(given, "--header"),
        traffic,
        lengths(given, traffic),
        seconds,
        given.whole("--requests", Long.MAX_VALUE, 1, 100_000_000),
        warmUp,
        given.whole("--seed", 1, Long.MIN_VALUE, Long.MAX_VALUE),
        new QoeOverride(
            reader(given, "--ttft", QoeField.TTFT),
            reader(given, "--pace", QoeField.TOKENS_PER_SECOND)),
        given.choice("--pacing", Switch.OFF) == Switch.ON,
        Duration.ofMillis((long) (1000 * given.number("--timeout", 120, 0.001, 86_400))),
        (int) given.whole("--max-open", 10_000, 1, 1_000_000),
        Path.of(given.text("--out").orElse("benchmarks/target/load")),
        watched(given),
        given.text("--label").orElse(""));
  }

  private static Traffic traffic(Arguments given) {
    if (given.has("--clients")) {
      given.refuse(
          "means nothing with --clients",
          "--arrivals",
          "--rate",
          "--cv",
          "--trace",
          "--time-scale");
      return new Traffic.Closed(
          (int) given.whole("--clients", 1, 1, 1_000_000), given.number("--think", 0, 0, 1e6));
    }
    given.refuse("needs --clients", "--think");
    if (given.has("--trace")) {
      given.refuse("means nothing with --trace", "--arrivals", "--rate", "--cv");
      return new Traffic.Replay(
          Path.of(given.text("--trace").orElseThrow()), given.number("--time-scale", 1, 1e-6, 1e6));
    }
    given.refuse("needs --trace", "--time-scale");
    double rate = given.number("--rate", 1, 1e-4, 1e5);
    Arrivals arrivals = given.choice("--arrivals", Arrivals.POISSON);
    if (arrivals != Arrivals.GAMMA) {
      given.refuse("needs --arrivals gamma", "--cv");
    }
    return switch (arrivals) {
      case POISSON -> new Traffic.Poisson(rate);
      case EVEN -> new Traffic.Even(rate);
      case GAMMA -> new Traffic.Gamma(rate, given.number("--cv", 2, 0.05, 20));
    };
  }

  private static Lengths lengths(Arguments given, Traffic traffic) {
    boolean spans = given.has("--prompt-tokens") || given.has("--output-tokens");
    Optional<Path> file = given.text("--lengths").map(Path::of);
    if (file.isPresent()) {
      given.refuse("means nothing with --lengths", "--prompt-tokens", "--output-tokens");
    } else if (!spans && traffic instanceof Traffic.Replay replay) {
      file = Optional.of(replay.trace());
    }
    if (file.isPresent()) {
      return new Lengths.Traced(
          file.get(),
          new LengthScale(
              given.number("--length-scale", 1, 1e-6, 1e6),
              (int) given.whole("--prompt-limit", MOST_TOKENS, 1, MOST_TOKENS),
              (int) given.whole("--output-limit", MOST_TOKENS, 1, MOST_TOKENS)));
    }
    given.refuse("needs lengths of a trace", "--length-scale", "--prompt-limit", "--output-limit");
    return new Lengths.Spans(
        Span.parse("--prompt-tokens", given.text("--prompt-tokens").orElse("100")),
        Span.parse("--output-tokens", given.text("--output-tokens").orElse("50")));
  }

  private static @Nullable Double reader(Arguments given, String option, QoeField field) {
    return given.has(option) ? given.number(option, 0, field.min(), field.max()) : null;
  }

  private static URI url(String text) {
    URI url;
    try {
      url = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + text + "' is no URL", e);
    }
    boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    boolean workers =
        WORKERS.equals(url.getScheme())
            && url.getPort() > 0
            && url.getPath().matches("/[0-9]{1,5}");
    if (url.getHost() == null || !(http || workers)) {
      throw new IllegalArgumentException(
          "'" + text + "' is no URL of a server, as http://127.0.0.1:8080");
    }
    return url;
  }

  private static Map<String, Long> watched(Arguments given) {
    Map<String, Long> pids = new LinkedHashMap<>();
    pairs(given, "--watch")
        .forEach(
            (name, pid) -> {
              try {
                pids.put(name, Long.parseLong(pid));
              } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                    "--watch needs NAME=PID, not '" + name + "=" + pid + "'", e);
              }
            });
    return pids;
  }

  private static Map<String, String> pairs(Arguments given, String option) {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String pair : given.all(option)) {
      int at = pair.indexOf('=');
      if (at < 1) {
        throw new IllegalArgumentException(option + " needs NAME=VALUE, not '" + pair + "'");
      }
      pairs.put(pair.substring(0, at), pair.substring(at + 1));
    }
    return pairs;
  }

  /** Whether the URL is that of a pair of workers. */
  boolean asksWorkers() {
    return WORKERS.equals(url.getScheme());
  }

  /** What the reader of a prompt expects. */
  QoeSpec expectation(int promptTokens) {
    return QoeSpec.resolve(promptTokens, QoeOverride.NONE, QoeOverride.NONE, reader);
  }
}
