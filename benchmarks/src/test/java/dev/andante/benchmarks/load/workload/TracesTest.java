package dev.andante.benchmarks.load.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TracesTest {

  @TempDir Path folder;

  @Test
  void columnsAreFoundByName() throws IOException {
    List<TraceRow> rows =
        read("output_tokens, who,input_tokens,arrival_s\n3,x,40,1.5\n\n0,y,0,0.5\n");
    assertThat(rows)
        .containsExactly(new TraceRow(0.5, new Demand(1, 1)), new TraceRow(1.5, new Demand(40, 3)));
  }

  @Test
  void jsonLinesNameTheBlocksOfPrompts() throws IOException {
    String line =
        "{\"timestamp\": 2500, \"input_length\": 900, \"output_length\": 7, \"hash_ids\": [4,"
            + " 9]}\n";
    TraceRow expected = new TraceRow(2.5, new Demand(900, 7, List.of(4L, 9L), 512));
    assertThat(read(line)).containsExactly(expected);
    Path zipped = folder.resolve("zipped");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
      out.write(line.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(Traces.read(zipped)).containsExactly(expected);
  }

  @Test
  void whatIsWrongIsNamedWithItsLine() {
    String header = "arrival_s,input_tokens,output_tokens\n";
    refused("", "is empty");
    refused(header, "has no requests");
    refused("a,b\n1,2\n", ":1: a trace begins with");
    refused(header + "1,2,3\n1,2\n", ":3: 3 columns expected");
    refused(header + "1,x,3\n", ":2: ");
    refused(header + "-1,2,3\n", ":2: no arrival time");
    refused(header + "1,-2,3\n", ":2: no length");
    refused("{\"timestamp\": 1}\n", ":1: 'input_length' must be a number");
    refused("{\"timestamp\": 1\n", ":1: no JSON");
  }

  @Test
  void thoseThatAreSharedAreRead() throws IOException {
    Path shared = Path.of(System.getProperty("andante.root"), "..", "shared", "traces");
    assumeTrue(Files.isDirectory(shared), "no traces beside the checkout");
    assertThat(Traces.read(shared.resolve("azure_llm_2023_conv.csv"))).hasSize(19_366);
    assertThat(Traces.read(shared.resolve("azure_llm_2023_code.csv"))).hasSize(8_819);
    assertThat(Traces.read(shared.resolve("mooncake_fast25_conversation.jsonl.gz")))
        .hasSize(12_031);
  }

  private void refused(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private List<TraceRow> read(String text) throws IOException {
    return Traces.read(Files.writeString(folder.resolve("trace"), text));
  }
}
