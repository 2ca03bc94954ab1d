package dev.andante.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.benchmarks.load.client.ChatClient;
import dev.andante.benchmarks.load.client.ChatRequests;
import dev.andante.benchmarks.load.client.Requests;
import dev.andante.benchmarks.load.client.SmallServer;
import dev.andante.benchmarks.load.client.Target;
import dev.andante.benchmarks.load.html.LoadReport;
import dev.andante.benchmarks.load.measure.Outcome;
import dev.andante.benchmarks.load.measure.RequestResult;
import dev.andante.benchmarks.load.measure.Tally;
import dev.andante.benchmarks.report.JsonText;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LoadRunTest {

  private SmallServer server;

  @BeforeEach
  void open() throws IOException {
    server = new SmallServer();
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void anOpenLoopSendsAllThatIsDue() throws Exception {
    Tally tally = run("--arrivals even --rate 200 --duration 0.5 --output-tokens 4");
    assertThat(tally.count(Outcome.COMPLETED)).isEqualTo(99); // at 5, 10 … 495 ms
    assertThat(tally.tokens()).isEqualTo(99 * 4);
    assertThat(tally.results()).extracting(RequestResult::index).startsWith(0L, 1L, 2L);
    assertThat(tally.results()).allMatch(result -> result.lateMs() >= 0 && result.ttftMs() > 0);
    assertThat(tally.results().getFirst().qoeV2()).isPositive();
  }

  @Test
  void aClosedLoopHasAsManyOpenAsClients() throws Exception {
    Tally tally = run("--clients 3 --requests 31 --output-tokens 2-6");
    assertThat(tally.count(Outcome.COMPLETED)).isEqualTo(31);
    assertThat(tally.overTime().mostOpen()).isBetween(1, 3);
    assertThat(server.chats).hasSize(31);
  }

  @Test
  void moreThanMayBeOpenAreNotSent() throws Exception {
    server.replies.add(new SmallServer.Reply.Silence());
    Tally tally = run("--arrivals even --rate 1000 --requests 3 --max-open 1 --timeout 1");
    assertThat(tally.count(Outcome.ABORTED)).isEqualTo(1);
    assertThat(tally.count(Outcome.UNSENT)).isEqualTo(2);
    assertThat(server.chats).hasSize(1);
  }

  @Test
  void theReportStandsAloneAndSaysWhatTheLineSays() throws Exception {
    server.replies.add(new SmallServer.Reply.Status(429, "{}"));
    LoadOptions options = options("--rate 100 --requests 20 --label <script>");
    Tally tally = run(options);
    Map<String, Object> summary =
        Summary.of(
            options,
            "small",
            Plan.of(options),
            tally,
            Map.of("client", Map.of("cpu_s", 1.5, "cores", 0.1, "rss_mib", 64.0)));
    JsonNode line = JsonMapper.shared().readTree(JsonText.of(summary));
    assertThat(line.path("requests").asInt()).isEqualTo(20);
    assertThat(line.path("rejected").asInt()).isEqualTo(1);
    assertThat(line.path("completed").asInt()).isEqualTo(19);
    assertThat(line.path("ttft_ms").path("p99").asDouble()).isPositive();
    assertThat(line.path("mean_qoe_v2").asDouble()).isBetween(0.5, 0.951);
    String page = LoadReport.of(summary, tally);
    assertThat(page)
        .contains("&lt;script&gt;")
        .doesNotContain("<script", "src=", "href=", "url(")
        .containsPattern("<td>rejected</td><td>1</td>");
    assertThat(page.split("<svg", -1)).hasSize(6);
  }

  @Test
  void aRunRepeatsItself() throws Exception {
    run("--rate 300 --requests 12 --prompt-tokens 5-30 --output-tokens 1-3 --seed 9");
    var first = server.chats.stream().map(JsonNode::toString).sorted().toList();
    server.chats.clear();
    run("--rate 300 --requests 12 --prompt-tokens 5-30 --output-tokens 1-3 --seed 9");
    assertThat(server.chats.stream().map(JsonNode::toString).sorted().toList()).isEqualTo(first);
    assertThat(first).doesNotHaveDuplicates();
  }

  private LoadOptions options(String line) {
    return LoadOptions.parse((server.uri() + " --timeout 60 " + line).split(" "));
  }

  private Tally run(String line) throws Exception {
    return run(
        LoadOptions.parse(
            (server.uri() + (line.contains("--timeout") ? " " : " --timeout 60 ") + line)
                .split(" ")));
  }

  private Tally run(LoadOptions options) throws Exception {
    try (ChatClient client = new ChatClient(options.timeout(), options.pacing())) {
      Target target =
          client.reach(options.url(), options.model(), options.dialect(), options.headers());
      Requests requests = new ChatRequests(client, target, client.prompts(target, options.seed()));
      return new LoadRun(requests, options).run(Plan.of(options));
    }
  }
}
