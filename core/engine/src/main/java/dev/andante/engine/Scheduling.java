package dev.andante.engine;

import java.time.Duration;

/**
 * How an engine shares its steps among requests.
 *
 * @param policy who goes before whom
 * @param starvation how long a request may go without a step before PRIORITY and MLFQ put it before
 *     all others; 0 = the policy's own
 * @param quantum time in MLFQ's first queue, positive
 * @param growth how many times as long the time in each further queue is, at least 2
 * @param period steps between two looks for requests that MLFQ let starve, at least 1
 * @param tokenInterval the time between two tokens of a running answer that prompts must not
 *     stretch; 0 = no such target
 * @param minChunk rows of prompts that a step has room for whatever the target, at least 1
 */
public record Scheduling(
    Policy policy,
    Duration starvation,
    Duration quantum,
    int growth,
    int period,
    Duration tokenInterval,
    int minChunk) {

  /** The policies that the engine brings along. */
  public enum Policy {
    /** First come, first served. */
    FCFS,
    /** By the priority that requests carry. */
    PRIORITY,
    /** Skip-join multi-level feedback queues: who has used little time goes first. */
    MLFQ
  }

  /** First come, first served; FastServe's parameters for those who choose MLFQ. */
  public static final Scheduling DEFAULT =
      new Scheduling(Policy.FCFS, Duration.ZERO, Duration.ofMillis(10), 2, 1000, Duration.ZERO, 16);

  public Scheduling {
    notNegative("starvation", starvation);
    notNegative("token_interval", tokenInterval);
    if (!quantum.isPositive()) {
      throw new IllegalArgumentException("quantum must be positive, not " + quantum);
    }
    atLeast(2, "growth", growth);
    atLeast(1, "period", period);
    atLeast(1, "min_chunk", minChunk);
  }

  /** The same with another policy. */
  public Scheduling with(Policy other) {
    return new Scheduling(other, starvation, quantum, growth, period, tokenInterval, minChunk);
  }

  /** The same with another token interval. */
  public Scheduling with(Duration otherTokenInterval) {
    return new Scheduling(
        policy, starvation, quantum, growth, period, otherTokenInterval, minChunk);
  }

  /** {@link #starvation}, or {@code own} if it is 0. */
  public Duration starvationOr(Duration own) {
    return starvation.isZero() ? own : starvation;
  }

  private static void notNegative(String field, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(field + " must be at least 0, not " + value);
    }
  }

  private static void atLeast(int least, String field, int value) {
    if (value < least) {
      throw new IllegalArgumentException(field + " must be at least " + least + ", not " + value);
    }
  }
}
