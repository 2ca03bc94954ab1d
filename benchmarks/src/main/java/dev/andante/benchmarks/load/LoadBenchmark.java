package dev.andante.benchmarks.load;

import dev.andante.benchmarks.load.client.ChatClient;
import dev.andante.benchmarks.load.client.ChatRequests;
import dev.andante.benchmarks.load.client.Prompts;
import dev.andante.benchmarks.load.client.Requests;
import dev.andante.benchmarks.load.client.Target;
import dev.andante.benchmarks.load.client.UnreachableException;
import dev.andante.benchmarks.load.client.WorkerRequests;
import dev.andante.benchmarks.load.html.LoadReport;
import dev.andante.benchmarks.load.measure.Processes;
import dev.andante.benchmarks.load.measure.RequestResult;
import dev.andante.benchmarks.load.measure.Tally;
import dev.andante.benchmarks.report.JsonText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Puts a load on a server that speaks OpenAI's chat API and says what its readers had of it. The
 * result is one JSON line on standard output; requests as JSON lines and a report as one HTML page
 * go to a folder. Ends with 0 if it ran, whatever the server made of it; 1 if the server is not
 * there or nothing could be written; 2 if the options are wrong.
 */
public final class LoadBenchmark {

  private static final int SAMPLE_SECONDS = 1;
  private static final int TELL_SECONDS = 10;

  private LoadBenchmark() {}

  public static void main(String[] arguments) {
    // Shorter than servers keep idle connections, or a request may go out on one that just closed.
    System.setProperty("jdk.httpclient.keepalive.timeout", "5");
    System.exit(status(arguments));
  }

  @SuppressWarnings("SystemOut")
  private static int status(String[] arguments) {
    if (List.of(arguments).contains("--help")) {
      System.out.print(LoadOptions.USAGE);
      return 0;
    }
    try {
      LoadOptions options = LoadOptions.parse(arguments);
      run(options, Plan.of(options));
      return 0;
    } catch (IllegalArgumentException e) {
      System.err.println("andante: bench load: " + e.getMessage());
      System.err.println("  → ./andante bench load --help   lists the options");
      return 2;
    } catch (UnreachableException e) {
      System.err.println("andante: bench load: " + e.getMessage());
      System.err.println("  → is it up? ./andante status");
      return 1;
    } catch (IOException e) {
      System.err.println("andante: bench load: " + e);
      return 1;
    } catch (InterruptedException _) {
      return 1;
    }
  }

  private static void run(LoadOptions options, Plan plan)
      throws UnreachableException, IOException, InterruptedException {
    if (options.asksWorkers()) {
      try (WorkerRequests workers =
          new WorkerRequests(options.url(), options.seed(), options.timeout())) {
        measure(options, plan, workers);
      }
      return;
    }
    try (ChatClient client = new ChatClient(options.timeout(), options.pacing())) {
      Target target =
          client.reach(options.url(), options.model(), options.dialect(), options.headers());
      Prompts prompts = client.prompts(target, options.seed());
      measure(options, plan, new ChatRequests(client, target, prompts));
    }
  }

  @SuppressWarnings("SystemOut")
  private static void measure(LoadOptions options, Plan plan, Requests requests)
      throws IOException, InterruptedException {
    LoadRun run = new LoadRun(requests, options);
    Map<String, Long> pids = new LinkedHashMap<>(options.watched());
    pids.put("client", ProcessHandle.current().pid());
    Processes processes = new Processes(pids);
    long begin = System.nanoTime();
    Tally tally;
    try (ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor()) {
      Future<?> _ =
          watch.scheduleAtFixedRate(processes::sample, 0, SAMPLE_SECONDS, TimeUnit.SECONDS);
      Future<?> _ =
          watch.scheduleAtFixedRate(() -> tell(run), TELL_SECONDS, TELL_SECONDS, TimeUnit.SECONDS);
      tally = run.run(plan);
      watch.shutdownNow();
    }
    Map<String, Object> costs = processes.describe((System.nanoTime() - begin) / 1e9);
    Map<String, Object> summary = Summary.of(options, requests.model(), plan, tally, costs);
    write(options.out(), summary, tally);
    System.out.println(JsonText.of(summary));
  }

  @SuppressWarnings("SystemOut")
  private static void tell(LoadRun run) {
    System.err.println("  " + run.begun() + " requests begun, " + run.open() + " open");
  }

  @SuppressWarnings("SystemOut")
  private static void write(Path folder, Map<String, Object> summary, Tally tally)
      throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("summary.json"), JsonText.of(summary) + "\n");
    Files.write(
        folder.resolve("requests.jsonl"),
        tally.results().stream().map(RequestResult::describe).map(JsonText::of).toList());
    Path report = folder.resolve("report.html");
    Files.writeString(report, LoadReport.of(summary, tally));
    System.err.println("  the report: " + report);
  }
}
