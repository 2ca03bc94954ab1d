package dev.andante.simulator.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.qoe.QoeOverride;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TraceFileTest {

  @TempDir Path folder;

  @Test
  void aTable() throws IOException {
    Trace trace =
        read("arrival_s,input_tokens,output_tokens\n5.5,3,2\r\n\n4.5,10,1\n9,0,7\n9,7,0\n");
    assertThat(trace.requests())
        .containsExactly(request(0, 10, 1, List.of()), request(1, 3, 2, List.of()));
    assertThat(trace.skipped()).isEqualTo(2);
  }

  @Test
  void aTableWithOtherColumnsInAnotherOrder() throws IOException {
    Trace trace =
        read(
            "\uFEFF\"Output_Tokens\",model,input_tokens,ttft_s,tokens_per_second,arrival_s\n"
                + "2,opt,\"3\",0.5,,7\n");
    assertThat(trace.requests())
        .containsExactly(new TraceRequest(0, 3, 2, List.of(), new QoeOverride(0.5, null)));
  }

  @Test
  void jsonLines() throws IOException {
    Trace trace =
        read(
            "{\"timestamp\": 1000, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [0,"
                + " 7]}\n{\"timestamp\": 2500, \"input_length\": 6, \"output_length\": 5}\n");
    assertThat(trace.requests())
        .containsExactly(request(0, 600, 5, List.of(0L, 7L)), request(1.5, 6, 5, List.of()));
    assertThat(trace.sharesPrefixes()).isTrue();
  }

  @Test
  void packed() throws IOException {
    Path file = folder.resolve("trace.any");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("arrival_s,input_tokens,output_tokens\n1,2,3".getBytes(StandardCharsets.UTF_8));
    }
    assertThat(TraceFile.read(file).requests()).containsExactly(request(0, 2, 3, List.of()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "arrival_s,input_tokens,output_tokens;1,2|line 2: there are 2 cells under 3 headings",
        "arrival_s,input_tokens,output_tokens;1,2,x|line 2: output_tokens is no number: 'x'",
        "arrival_s,input_tokens,output_tokens;1,2,3;-1,2,3|line 3: arrival_s must not be negative",
        "arrival_s,input_tokens,output_tokens;NaN,2,3|line 2: arrival_s must not be negative",
        "arrival_s,input_tokens,output_tokens;1,2.5,3|line 2: input_tokens must be a whole number",
        "arrival_s,input_tokens,output_tokens;1,2,-3|line 2: output_tokens must be a whole number",
        "arrival_s,input_tokens,output_tokens;1,2,1e99|line 2: output_tokens must be a whole",
        "arrival_s,in,output_tokens;1,2,3|line 1: a heading input_tokens or input_length is"
            + " missing",
        "arrival_s,input_tokens,output_tokens,ttft_s;1,2,3,0|line 2: ttft must be from",
        "arrival_s,input_tokens,output_tokens|there is no request in it",
        "''|there is no request in it",
        "{};1|line 1: there is no arrival_s or timestamp",
        "{\"timestamp\":1,\"input_length\":2}|line 1: there is no output_tokens or output_length",
        "{\"timestamp\":1,|line 1: this is no JSON object",
        "{\"timestamp\":1,\"input_length\":2,\"output_length\":3};x|line 2: this is no JSON object",
        "{\"timestamp\":1,\"input_length\":[],\"output_length\":3}|line 1: input_length is no"
            + " number",
        "{\"timestamp\":1,\"input_length\":2,\"output_length\":3,\"hash_ids\":[1.5]}|line 1:"
            + " hash_ids",
      })
  void whatIsWrongIsSaidWithItsPlace(String lines, String message) {
    assertThatThrownBy(() -> read(lines.replace(';', '\n')))
        .isInstanceOf(TraceException.class)
        .hasMessageContaining(folder.resolve("trace").toString())
        .hasMessageContaining(message);
  }

  @Test
  void whatIsNoText() throws IOException {
    Path file = folder.resolve("trace");
    Files.write(file, new byte[] {'a', (byte) 0xff, (byte) 0xfe, '\n'});
    assertThatThrownBy(() -> TraceFile.read(file))
        .isInstanceOf(TraceException.class)
        .hasMessageContaining("not UTF-8");
    Files.write(file, new byte[] {0x1f, (byte) 0x8b, 8, 0, 1});
    assertThatThrownBy(() -> TraceFile.read(file))
        .isInstanceOf(TraceException.class)
        .hasMessageContaining("cannot be read");
  }

  private Trace read(String text) throws IOException {
    Path file = folder.resolve("trace");
    Files.writeString(file, text);
    return TraceFile.read(file);
  }

  private static TraceRequest request(double arrival, int input, int output, List<Long> prefix) {
    return new TraceRequest(arrival, input, output, prefix, QoeOverride.NONE);
  }
}
