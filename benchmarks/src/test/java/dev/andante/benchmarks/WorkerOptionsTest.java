package dev.andante.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.Precision;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class WorkerOptionsTest {

  @Test
  void everyOptionIsRead() {
    assertThat(parse("m.gguf --threads 3 --backend vector --precision exact --max-context 99"))
        .isEqualTo(new WorkerOptions(Path.of("m.gguf"), 3, "vector", Precision.EXACT, 99));
    assertThat(parse("m.gguf").precision()).isEqualTo(Precision.FAST);
  }

  @Test
  void anythingElseIsRefused() {
    for (String wrong :
        new String[] {"--threads 2", "a b", "m --nonsense", "m --threads", "m --threads x"}) {
      assertThatThrownBy(() -> parse(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static WorkerOptions parse(String line) {
    return WorkerOptions.parse(line.split(" "));
  }
}
