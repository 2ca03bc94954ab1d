package dev.andante.simulator;

import dev.andante.qoe.latency.DecodeCoefficients;
import dev.andante.qoe.latency.PrefillCoefficients;
import dev.andante.simulator.cost.Profile;
import dev.andante.simulator.cost.Profiles;
import dev.andante.simulator.cost.StepCost;
import dev.andante.simulator.trace.TraceRequest;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code ./andante simulate} is asked for.
 *
 * @param trace {@code poisson}, {@code gamma} or a file
 * @param cv of the gamma trace
 * @param rates multiples of the profile's saturation rate; empty for the trace's own times
 * @param requests the first so many of the trace
 * @param lengthScale factor on all lengths
 * @param partTokens that a name of a shared prefix stands for
 * @param promptNoise factors on steps with prompts
 * @param answerNoise factors on the others
 * @param pace of all readers, tokens per second; null for adults of all ages
 */
record Options(
    String trace,
    double cv,
    Profile profile,
    List<Policies> policies,
    List<Double> rates,
    long seed,
    int requests,
    double lengthScale,
    int partTokens,
    List<Double> promptNoise,
    List<Double> answerNoise,
    @Nullable Double pace) {

  static final String USAGE =
      """
      usage: ./andante simulate [OPTIONS]

      Serves a trace with each policy at each rate, on a virtual clock, and prints one JSON line for
      each: {policy, rate, saturation_rate, mean_qoe_v1, mean_qoe_v2, share_qoe_95, ttft_mean,
      ttft_p50, ttft_p90, ttft_p99, and so of tbt and whole, rejected, preemptions, tokens_per_s}.
      Times are seconds, as the engine made the tokens, before any pacing. What else there is to know
      goes to stderr: the trace, and a hash of each run's events, equal in two runs of equal options.

        --trace FILE|poisson|gamma  (poisson) a file is CSV with the headings arrival_s,
                                input_tokens, output_tokens, or JSON lines with timestamp (ms),
                                input_length, output_length and, if known, hash_ids; packed or not.
                                Both may have ttft_s and tokens_per_second of each reader.
                                poisson, gamma: lengths like ShareGPT's
        --cv N                  (3) of gamma: how uneven the times between arrivals are
        --profile NAME          (opt-66b-a100) or this-machine
        --policies A,B          (%s) also %s
        --rates A,B             (0.5,0.75,1,1.25,1.5,2) multiples of the saturation rate: what the
                                profile can just keep up with at these lengths, requests per second;
                                own: once, at the times that the trace says
        --seed N                (1)
        --requests N            (1000) the first so many of the trace
        --scale-lengths F       (1) makes prompts, answers and what they share so much longer
        --part-tokens N         (512) tokens that a hash id stands for, before scaling
        --pace N                tokens per second of all readers; without it, adults of all ages,
                                4.8 on average
        --prefill A0,A1,A2      seconds: T = A0 + A1·n + A2·n(2h + n)/2, n tokens after h cached
        --decode D0,D1,D2       seconds: T = D0 + D1·batch + D2·context
        --beside E              (D1) seconds that an answer adds to a step with prompts, in place of D1
        --prompt-noise F,…      (1) factors on what a step with prompts takes, each as likely as the
                                others
        --answer-noise F,…      (1) and on what the others take
        --kv-tokens N           that fit the memory
        --host-kv-tokens N      that fit the host's memory, where KV goes that the other gives up;
                                without it, what is preempted is computed again
        --host-copy S           seconds for a block of 16 tokens, to the host or back
        --max-sequences N       requests that run at once
        --help
      """
          .formatted(
              labels(Policies.USUAL.stream()),
              labels(
                  Arrays.stream(Policies.values()).filter(one -> !Policies.USUAL.contains(one))));

  private static final int MOST_REQUESTS = 10_000_000;
  private static final int MOST_HOST_TOKENS = 10_000_000;

  private static String labels(Stream<Policies> policies) {
    return policies.map(Policies::label).collect(Collectors.joining(","));
  }

  /**
   * @throws UsageException if they cannot be followed
   */
  static Options parse(List<String> words) {
    Arguments arguments = new Arguments(words);
    Options options =
        new Options(
            arguments.text("--trace", "poisson"),
            arguments.number("--cv", 3, 0.1, 20),
            profile(arguments),
            arguments.list("--policies", Policies.USUAL, Policies::named),
            rates(arguments),
            arguments.integer("--seed", 1, Long.MIN_VALUE, Long.MAX_VALUE),
            (int) arguments.integer("--requests", 1000, 1, MOST_REQUESTS),
            arguments.number("--scale-lengths", 1, 0.0001, 10_000),
            (int) arguments.integer("--part-tokens", TraceRequest.PREFIX_TOKENS, 1, 1_000_000),
            noise(arguments, "--prompt-noise"),
            noise(arguments, "--answer-noise"),
            arguments.has("--pace") ? arguments.number("--pace", 0, 0.01, 10_000) : null);
    if (arguments.has("--cv") && !options.trace.equals("gamma")) {
      throw new UsageException("--cv goes with --trace gamma only");
    }
    arguments.requireAllUsed();
    return options;
  }

  private static List<Double> rates(Arguments arguments) {
    return arguments.text("--rates", "").equals("own")
        ? List.of()
        : arguments.list(
            "--rates",
            List.of(0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
            text -> Arguments.number("--rates", text, 0.001, 1000));
  }

  private static List<Double> noise(Arguments arguments, String name) {
    return arguments.list(name, List.of(1.0), text -> Arguments.number(name, text, 0, 1000));
  }

  private static Profile profile(Arguments arguments) {
    String name = arguments.text("--profile", Profiles.ALL.getFirst().name());
    Profile profile =
        Profiles.named(name)
            .orElseThrow(
                () ->
                    new UsageException(
                        "there is no profile '%s'; there are %s"
                            .formatted(
                                name,
                                Profiles.ALL.stream()
                                    .map(Profile::name)
                                    .collect(Collectors.joining(", ")))));
    double[] prefill = arguments.seconds("--prefill");
    double[] decode = arguments.seconds("--decode");
    StepCost cost = profile.cost();
    if (prefill.length > 0) {
      cost =
          new StepCost(new PrefillCoefficients(prefill[0], prefill[1], prefill[2]), cost.decode());
    }
    if (decode.length > 0) {
      cost = new StepCost(cost.prefill(), new DecodeCoefficients(decode[0], decode[1], decode[2]));
    }
    if (arguments.has("--beside")) {
      cost = new StepCost(cost.prefill(), cost.decode(), arguments.number("--beside", 0, 0, 1000));
    }
    profile = profile.withCost(cost);
    if (arguments.has("--kv-tokens")) {
      profile =
          profile.withMemory(
              arguments.integer("--kv-tokens", 0, profile.blockSize(), 1_000_000_000));
    }
    if (arguments.has("--host-kv-tokens")) {
      profile =
          profile.withHost(
              arguments.integer("--host-kv-tokens", 0, profile.blockSize(), MOST_HOST_TOKENS),
              arguments.number("--host-copy", profile.copySeconds(), 0, 1000));
    } else if (arguments.has("--host-copy")) {
      throw new UsageException("--host-copy goes with --host-kv-tokens only");
    }
    if (arguments.has("--max-sequences")) {
      profile = profile.withMaxSequences((int) arguments.integer("--max-sequences", 0, 1, 100_000));
    }
    return profile;
  }
}
