package dev.andante.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.format.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulateTest {

  @TempDir Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void oneLineForEachPolicyAndRate() {
    assertThat(run("--requests", "40", "--policies", "fcfs,qoe", "--rates", "0.5,2")).isZero();
    List<String> lines = text(out).lines().toList();
    assertThat(lines).hasSize(4);
    for (String line : lines) {
      assertThat(Json.parseObject(Path.of("line"), line.getBytes(StandardCharsets.UTF_8)))
          .containsOnlyKeys(
              "policy",
              "rate",
              "saturation_rate",
              "mean_qoe_v1",
              "mean_qoe_v2",
              "share_qoe_95",
              "ttft_mean",
              "ttft_p50",
              "ttft_p90",
              "ttft_p99",
              "tbt_mean",
              "tbt_p50",
              "tbt_p90",
              "tbt_p99",
              "whole_mean",
              "whole_p50",
              "whole_p90",
              "whole_p99",
              "rejected",
              "preemptions",
              "tokens_per_s");
    }
    assertThat(lines.getFirst()).startsWith("{\"policy\":\"fcfs\",\"rate\":0.5,");
    assertThat(lines.getLast()).startsWith("{\"policy\":\"qoe\",\"rate\":2,");
    assertThat(text(err)).contains("poisson: 40 requests", "saturates at", "event log ");
  }

  @Test
  void equalSeedsGiveEqualResultsAndOthersOthers() {
    String[] gamma = {"--trace", "gamma", "--requests", "60", "--rates", "3", "--seed"};
    assertThat(run(List.of(gamma), "7")).isZero();
    String first = text(out);
    out.reset();
    assertThat(run(List.of(gamma), "7")).isZero();
    assertThat(text(out)).isEqualTo(first);
    out.reset();
    assertThat(run(List.of(gamma), "8")).isZero();
    assertThat(text(out)).isNotEqualTo(first);
  }

  @Test
  void aFileOfWhichSomeRequestsCanNeverBeServed() throws IOException {
    assertThat(
            run(
                "--trace",
                csv("0,10,5", "1,2000,5", "2,10,5", "3,10,0"),
                "--kv-tokens",
                "1000",
                "--policies",
                "sarathi",
                "--rates",
                "1"))
        .isZero();
    assertThat(text(out)).contains("\"rejected\":1,", "\"mean_qoe_v2\":0.66667,");
    assertThat(text(err)).contains("3 requests (1 of the file without tokens in or out left out)");
  }

  @Test
  void aFileAtItsOwnTimesWithPartsOfItsOwnSize() throws IOException {
    Path file = folder.resolve("trace.jsonl");
    Files.writeString(
        file,
        """
        {"timestamp":1000,"input_length":100,"output_length":3,"hash_ids":[7,8]}
        {"timestamp":201000,"input_length":100,"output_length":3,"hash_ids":[7,8]}
        """);
    String[] words = {
      "--trace",
      file.toString(),
      "--policies",
      "sarathi",
      "--rates",
      "own",
      "--profile",
      "this-machine",
      "--prefill",
      "0,1,0",
      "--decode",
      "0,1,0",
      "--part-tokens"
    };
    assertThat(run(List.of(words), "16")).isZero();
    // a second each token: 100 of the first prompt, and of the other one those that are not shared
    assertThat(text(out)).contains("\"ttft_p50\":68,", "\"ttft_p99\":100,", "\"whole_p99\":102,");
    assertThat(text(out)).contains("\"ttft_mean\":84,", "\"whole_mean\":86,", "\"tbt_mean\":1,");
    out.reset();
    assertThat(run(List.of(words), "8")).isZero();
    assertThat(text(out)).contains("\"ttft_p50\":84,");
  }

  @Test
  void stepsThatDifferTakeAsLongOnAverage() throws IOException {
    String[] words = {
      "--trace",
      csv("0,10,2000"),
      "--policies",
      "fcfs",
      "--rates",
      "own",
      "--pace",
      "5",
      "--decode",
      "0.1,0,0",
      "--answer-noise",
      "0.5,1.5"
    };
    assertThat(run(words)).isZero();
    assertThat(text(out)).containsPattern("\"tbt_mean\":0\\.(09[89]|10[012]|1,)");
    assertThat(text(out)).contains("\"tbt_p90\":0.15,", "\"tbt_p99\":0.15,");
  }

  /** 100 tokens of a prompt beside an answer: 100 · 1 ms, and 5 ms, or 2, for the answer's row. */
  @Test
  void anAnswerBesideAPromptHasAPriceOfItsOwn() throws IOException {
    String[] words = {
      "--trace",
      csv("0,1,3", "0.0001,100,1"),
      "--policies",
      "sarathi",
      "--rates",
      "own",
      "--prefill",
      "0,0.001,0",
      "--decode",
      "0,0.005,0"
    };
    assertThat(run(words)).isZero();
    assertThat(text(out)).contains("\"tbt_p99\":0.105,");
    out.reset();
    assertThat(run(List.of(words), "--beside=0.002")).isZero();
    assertThat(text(out)).contains("\"tbt_p99\":0.102,");
  }

  @Test
  void whatStepsAsideComesBackFromTheHost() {
    String[] words = {
      "--requests", "60", "--policies", "rr", "--rates", "4", "--kv-tokens", "8192"
    };
    assertThat(run(words)).isZero();
    String alone = text(out);
    out.reset();
    assertThat(run(List.of(words), "--host-kv-tokens=100000")).isZero();
    assertThat(text(out)).isNotEqualTo(alone);
  }

  @Test
  void help() {
    assertThat(run("--rates", "x", "--help")).isZero();
    assertThat(text(out)).startsWith("usage: ./andante simulate").contains("--policies");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--rates 1,x|--rates takes numbers, not 'x'",
        "--rates 0|--rates must be from 0.001 to 1000, not 0",
        "--rates ''|--rates takes numbers",
        "--rates NaN|--rates must be from",
        "--policies fcfs,best|there is no policy 'best'; there are fcfs, rr",
        "--profile mine|there is no profile 'mine'; there are opt-66b-a100, this-machine",
        "--requests 0|--requests must be from 1",
        "--requests 1.5|--requests takes a whole number",
        "--seed one|--seed takes a whole number",
        "--trace /no/such/file|there is no file '/no/such/file', nor is it poisson or gamma",
        "--trace|--trace needs a value",
        "--trace gamma --cv 0|--cv must be from",
        "--cv 2|--cv goes with --trace gamma only",
        "--prefill 1,2|--prefill takes three numbers of seconds, not 2",
        "--decode -1,0,0|--decode must be from 0",
        "--speed 3|there is no option --speed",
        "poisson|'poisson' is no option",
        "--seed 1 --seed 2|--seed is given twice",
        "--kv-tokens 1|--kv-tokens must be from 16",
        "--kv-tokens 16 --requests 3|no request fits the memory",
        "--pace 0|--pace must be from",
        "--part-tokens 0|--part-tokens must be from 1",
        "--beside -1|--beside must be from 0",
        "--host-kv-tokens 15|--host-kv-tokens must be from 16",
        "--host-copy 1|--host-copy goes with --host-kv-tokens only",
        "--host-kv-tokens 16 --host-copy x|--host-copy takes numbers",
        "--prompt-noise 1,-1|--prompt-noise must be from 0",
        "--answer-noise ''|--answer-noise takes numbers",
      })
  void wrongUsage(String words, String message) {
    assertThat(run(words.replace("''", "").split(" ", -1))).isEqualTo(2);
    assertThat(text(err)).contains("simulate: ").contains(message).contains("--help");
    assertThat(text(out)).isEmpty();
  }

  @Test
  void aTraceThatCannotBeRead() throws IOException {
    String file = csv("0,10,five");
    assertThat(run("--trace", file)).isEqualTo(1);
    assertThat(text(err))
        .isEqualTo("simulate: " + file + ", line 2: output_tokens is no number: 'five'\n");
  }

  /** A trace's file, with what its rows begin with. */
  private String csv(String... rows) throws IOException {
    Path file = folder.resolve("trace.csv");
    String text = "arrival_s,input_tokens,output_tokens\n" + String.join("\n", rows) + "\n";
    return Files.writeString(file, text).toString();
  }

  private int run(List<String> words, String last) {
    return run(Stream.concat(words.stream(), Stream.of(last)).toArray(String[]::new));
  }

  private int run(String... words) {
    err.reset();
    return Simulate.run(
        List.of(words),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private static String text(ByteArrayOutputStream stream) {
    return stream.toString(StandardCharsets.UTF_8);
  }
}
