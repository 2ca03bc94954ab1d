package dev.andante.benchmarks.load;

import dev.andante.benchmarks.load.workload.LengthScale;
import dev.andante.benchmarks.load.workload.Span;
import java.nio.file.Path;

/** What decides how long prompts and answers are. */
sealed interface Lengths {

  /** Each between two. */
  record Spans(Span prompt, Span output) implements Lengths {}

  /** Those of a trace, in its order. */
  record Traced(Path trace, LengthScale scale) implements Lengths {}

  /** For a report. */
  default String describe() {
    return switch (this) {
      case Spans l -> l.prompt() + " in, " + l.output() + " out";
      case Traced l ->
          "of "
              + l.trace().getFileName()
              + ", x "
              + l.scale().factor()
              + ", at most "
              + l.scale().promptLimit()
              + " in, "
              + l.scale().outputLimit()
              + " out";
    };
  }
}
