package dev.andante.benchmarks.ceilings;

import java.util.Arrays;
import java.util.Locale;

/** Kinds of ceilings: a rate of reading memory, or of multiplying and adding in a format. */
public enum Ceiling {
  /** Streaming reads of memory, GB/s. */
  READ("GB/s"),
  /** Products in f32. */
  F32("GFLOP/s"),
  /** Products of bf16, sums in f32. */
  BF16("GFLOP/s"),
  /** Products of signed bytes, sums in 32 bits. */
  S8("GFLOP/s");

  private final String unit;

  Ceiling(String unit) {
    this.unit = unit;
  }

  public String unit() {
    return unit;
  }

  /** The name in commands and results. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws IllegalArgumentException naming what there is
   */
  public static Ceiling of(String id) {
    return Arrays.stream(values())
        .filter(kind -> kind.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no ceiling '" + id + "'; there are read, f32, bf16, s8"));
  }
}
