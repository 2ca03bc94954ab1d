package dev.andante.benchmarks.kernels;

import java.util.function.Function;

/** The parameters of one JMH run, by name. */
record KernelParameters(Function<String, String> byName) {

  String text(String name) {
    return byName.apply(name);
  }

  int number(String name) {
    return Integer.parseInt(text(name));
  }
}
