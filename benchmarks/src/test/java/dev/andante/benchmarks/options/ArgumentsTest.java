package dev.andante.benchmarks.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Set;
import org.junit.jupiter.api.Test;

class ArgumentsTest {

  private enum Colour {
    RED,
    BLUE
  }

  @Test
  void optionsAndWordsAreToldApart() {
    Arguments given = parse("a --n 3 b --many x --many y --colour blue");
    assertThat(given.words()).containsExactly("a", "b");
    assertThat(given.whole("--n", 9, 1, 5)).isEqualTo(3);
    assertThat(given.all("--many")).containsExactly("x", "y");
    assertThat(given.choice("--colour", Colour.RED)).isEqualTo(Colour.BLUE);
  }

  @Test
  void whatIsLeftOutIsTheDefault() {
    Arguments given = parse("a");
    assertThat(given.whole("--n", 9, 1, 5)).isEqualTo(9);
    assertThat(given.number("--n", 0.5, 1, 5)).isEqualTo(0.5);
    assertThat(given.choice("--colour", Colour.RED)).isEqualTo(Colour.RED);
    assertThat(given.text("--n")).isEmpty();
    assertThat(given.all("--many")).isEmpty();
  }

  @Test
  void whatIsWrongIsNamed() {
    refused("--nonsense 1", "there is no option --nonsense");
    refused("--n", "--n needs a value");
    refused("--n 1 --n 2", "--n is given twice");
    refused("--n x", "--n must be a whole number, not 'x'");
    refused("--n 6", "--n must be from 1 to 5, not 6");
    refused("--colour green", "--colour must be one of [red, blue], not 'green'");
    assertThatThrownBy(() -> parse("--n nan").number("--n", 1, 0, 1)).hasMessageContaining("nan");
    assertThatThrownBy(() -> parse("--n NaN").number("--n", 1, 0, 1))
        .hasMessageContaining("from 0 to 1");
    assertThatThrownBy(() -> parse("--n 1").refuse("means nothing", "--n"))
        .hasMessage("--n means nothing");
  }

  private static void refused(String line, String message) {
    assertThatThrownBy(
            () -> {
              Arguments given = parse(line);
              given.whole("--n", 1, 1, 5);
              given.choice("--colour", Colour.RED);
            })
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static Arguments parse(String line) {
    return new Arguments(line.split(" "), Set.of("--n", "--colour"), Set.of("--many"));
  }
}
