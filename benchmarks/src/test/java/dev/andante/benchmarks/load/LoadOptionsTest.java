package dev.andante.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.benchmarks.load.client.Dialect;
import dev.andante.benchmarks.load.workload.LengthScale;
import dev.andante.benchmarks.load.workload.Span;
import dev.andante.qoe.QoeSpec;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoadOptionsTest {

  @Test
  void defaults() {
    LoadOptions options = parse("http://h:1");
    assertThat(options.url()).isEqualTo(URI.create("http://h:1"));
    assertThat(options.traffic()).isEqualTo(new Traffic.Poisson(1));
    assertThat(options.lengths())
        .isEqualTo(new Lengths.Spans(new Span(100, 100), new Span(50, 50)));
    assertThat(options.seconds()).isEqualTo(30);
    assertThat(options.warmUpSeconds()).isZero();
    assertThat(options.dialect()).isEqualTo(Dialect.ANDANTE);
    assertThat(options.model()).isEmpty();
    assertThat(options.pacing()).isFalse();
    assertThat(options.expectation(100)).isEqualTo(QoeSpec.forPrompt(100));
    assertThat(options.timeout()).isEqualTo(Duration.ofMinutes(2));
    assertThat(options.maxOpen()).isEqualTo(10_000);
  }

  @Test
  void everyOptionIsRead() {
    LoadOptions options =
        parse(
            "https://h --model m --api openai --header a=b --header c=d=e --arrivals gamma --rate 3"
                + " --cv 4 --lengths l.csv --length-scale 0.5 --prompt-limit 7 --output-limit 8"
                + " --duration 9 --requests 10 --warm-up 2 --seed -5 --ttft 3 --pace 6 --pacing on"
                + " --timeout 1.5 --max-open 11 --out o --watch p=12 --label x");
    assertThat(options.model()).isEqualTo(Optional.of("m"));
    assertThat(options.dialect()).isEqualTo(Dialect.OPENAI);
    assertThat(options.headers()).isEqualTo(Map.of("a", "b", "c", "d=e"));
    assertThat(options.traffic()).isEqualTo(new Traffic.Gamma(3, 4));
    assertThat(options.lengths())
        .isEqualTo(new Lengths.Traced(Path.of("l.csv"), new LengthScale(0.5, 7, 8)));
    assertThat(options.seconds()).isEqualTo(9);
    assertThat(options.requests()).isEqualTo(10);
    assertThat(options.warmUpSeconds()).isEqualTo(2);
    assertThat(options.seed()).isEqualTo(-5);
    assertThat(options.expectation(1)).isEqualTo(new QoeSpec(3, 6));
    assertThat(options.pacing()).isTrue();
    assertThat(options.timeout()).isEqualTo(Duration.ofMillis(1500));
    assertThat(options.maxOpen()).isEqualTo(11);
    assertThat(options.out()).isEqualTo(Path.of("o"));
    assertThat(options.watched()).isEqualTo(Map.of("p", 12L));
    assertThat(options.label()).isEqualTo("x");
  }

  @Test
  void aTraceHasItsTimesAndLengthsUnlessTheyAreGiven() {
    LoadOptions replay = parse("http://h --trace t.csv --time-scale 0.1");
    assertThat(replay.traffic()).isEqualTo(new Traffic.Replay(Path.of("t.csv"), 0.1));
    assertThat(replay.lengths()).isInstanceOf(Lengths.Traced.class);
    assertThat(replay.seconds()).isInfinite();
    assertThat(parse("http://h --trace t.csv --prompt-tokens 5-9").lengths())
        .isEqualTo(new Lengths.Spans(new Span(5, 9), new Span(50, 50)));
  }

  @Test
  void workersMayBeAskedThemselves() {
    assertThat(parse("grpc://127.0.0.1:9101/9102").asksWorkers()).isTrue();
    assertThat(parse("http://127.0.0.1:9101/9102").asksWorkers()).isFalse();
  }

  @Test
  void clientsAreAClosedLoop() {
    assertThat(parse("http://h --clients 3 --think 0.5").traffic())
        .isEqualTo(new Traffic.Closed(3, 0.5));
  }

  @Test
  void anythingElseIsRefused() {
    for (String wrong :
        new String[] {
          "--rate 2",
          "http://h http://i",
          "ftp://h",
          "grpc://h:1",
          "grpc://h/2",
          "grpc://h:1/x",
          "h:8080",
          "http://h --rate 0",
          "http://h --rate -1",
          "http://h --rate x",
          "http://h --cv 2",
          "http://h --arrivals sometimes",
          "http://h --think 1",
          "http://h --time-scale 2",
          "http://h --clients 2 --rate 3",
          "http://h --clients 0",
          "http://h --trace t --rate 3",
          "http://h --prompt-tokens 0",
          "http://h --prompt-tokens 9-5",
          "http://h --prompt-tokens 1-2-3",
          "http://h --output-tokens x",
          "http://h --length-scale 2",
          "http://h --lengths f --output-tokens 3",
          "http://h --pace 0",
          "http://h --ttft 31536000",
          "http://h --pacing maybe",
          "http://h --duration 0",
          "http://h --duration 5 --warm-up 5",
          "http://h --header x",
          "http://h --watch p=q",
          "http://h --nonsense 1"
        }) {
      assertThatThrownBy(() -> parse(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static LoadOptions parse(String line) {
    return LoadOptions.parse(line.split(" "));
  }
}
